"""A filter: a column of PEs, one a kernel row, with the errors of its outputs, and its pooling."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.taxonn.config import NOISE_BITS, FixedFormat, Rounding
from hw.arch.taxonn.maps import Convolution
from hw.arch.taxonn.order import Op, order_word
from hw.lib.bits import join
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .pe import Pe
from .window_max import WindowMax
from .window_mean import WindowMean

__all__ = ["Filter", "gradient_layout"]


def gradient_layout(maps: Convolution) -> data.StructLayout:
    """Layout of the G that an order needs: that of an output, if the greatest sum of its window is at this place.

    Of an average all sums have the G, and the place is 0.
    """
    return data.StructLayout(
        {"output": range(max(maps.pooled[0] * maps.pooled[1], 2)), "place": range(max(maps.places, 2)), "inside": 1}
    )


class Filter(wiring.Component):
    """Filter m of a convolution: PE i holds kernel row i. Orders and sums go on to filter m + 1, one cycle later.

    Lane i is i cycles behind lane 0, so that the partial sums of a z come one after the other. G of the filter's
    outputs, with the place of the greatest sum in its window, is in a memory of its own: RAM in LUTs up to some
    hundred outputs, block RAM beyond.

    Latency: an order goes on after 1 cycle; k - 1 and `LATENCY` = 6 cycles from the last order of a window in lane 0
    to `o_valid`.

    Parameters
    ----------
    maps : Convolution
    form : FixedFormat
    rounding : Rounding

    Members
    -------
    op, word : In(k of Op), In(k of order_word); op_o, word_o : Out
    bias : In(1); bias_o : Out(1)
        With an order in lane 0: the sum is the bias.
    acc_i : In(k of acc), acc_o : Out(k of acc), back_valid : Out(1)
        Sums over filters; valid of lane 0.
    gradient, gradient_o : In, Out(gradient_layout)
        G for the order of the next cycle.
    noise : In(k of 8)
    select : In(k)
        Which PE WRITE and READ mean.
    write : In(1), write_output : In, write_data : In(signed), write_place : In
        Keep G of an output.
    serving : In(1)
        The orders are from outside.
    answer_valid, answer : Out
        Result of a WRITE or READ.
    o_valid, o, place : Out
        Greatest sums, as in :class:`.window_max.WindowMax`, or sums of windows, :class:`.window_mean.WindowMean`.

    Source: TaxoNN, Section IV-A (a row of the filter a PE), IV-C.
    """

    LATENCY = Pe.LATENCY + WindowMax.LATENCY

    def __init__(self, *, maps: Convolution, form: FixedFormat, rounding: Rounding):
        self._maps, self._form, self._rounding = maps, form, rounding
        self._stochastic = rounding == Rounding.STOCHASTIC
        self.module_name = "taxonn_filter"
        k, code = maps.kernel, signed(form.width)
        lanes = data.ArrayLayout(signed(self.acc_bits(maps, form)), k)
        ops, words = data.ArrayLayout(Op, k), data.ArrayLayout(order_word(maps.lane, form), k)
        chain = {"op": ops, "word": words, "bias": 1, "gradient": gradient_layout(maps)}
        place = range(max(maps.places, 2))
        ins = {**chain, "acc_i": lanes, "select": k, "serving": 1, "write": 1, "write_data": code, "write_place": place}
        ins |= {"write_output": range(max(maps.pooled[0] * maps.pooled[1], 2))}
        ins |= {"noise": data.ArrayLayout(NOISE_BITS, k)} if self._stochastic else {}
        outs = {f"{name}_o": shape for name, shape in chain.items()}
        outs |= {"acc_o": lanes, "back_valid": 1, "answer_valid": 1, "answer": code}
        outs |= {"o_valid": 1, "o": signed(self.sum_bits(maps, form)), "place": place}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    @staticmethod
    def _pe_sizes(maps: Convolution) -> dict[str, int]:
        """Return the sizes of a PE: its words, and the products of its other sums."""
        return {"inputs": maps.lane, "outputs": max(maps.filters, maps.rows * maps.columns)}

    @staticmethod
    def acc_bits(maps: Convolution, form: FixedFormat) -> int:
        """Return the width of the sums of a PE."""
        return Pe.acc_bits(**Filter._pe_sizes(maps), form=form, training=True)

    @staticmethod
    def sum_bits(maps: Convolution, form: FixedFormat) -> int:
        """Return the width of z, or of the sum of a window."""
        return 2 * form.width + ceil_log2(maps.taps + 1) + maps.spread

    def elaborate(self, platform):
        m = Module()
        k, maps = self._maps.kernel, self._maps
        pes = []
        for i in range(k):
            m.submodules[f"pe_{i}"] = pe = shared(
                f"pe_{i}",
                Pe,
                **self._pe_sizes(maps),
                form=self._form,
                training=True,
                rounding=self._rounding,
                kernel=True,
                spread=maps.spread,
            )
            m.d.comb += [
                pe.op.eq(self.op[i]),
                pe.word.eq(self.word[i]),
                pe.acc_i.eq(self.acc_i[i]),
                pe.select.eq(self.select[i]),
                self.op_o[i].eq(pe.op_o),
                self.word_o[i].eq(pe.word_o),
                self.acc_o[i].eq(pe.acc),
            ]
            if self._stochastic:
                m.d.comb += pe.noise.eq(self.noise[i])
            pes.append(pe)
        m.d.comb += self.back_valid.eq(pes[0].back_valid)
        m.d.sync += self.bias_o.eq(self.bias)
        self._gradients(m, pes)
        self._sums(m, pes)
        return m

    def _gradients(self, m, pes):
        """Keep G, and give it to the PEs."""
        one, code = self._maps.places == 1, signed(self._form.width)
        layout = data.StructLayout({"code": code} if one else {"code": code, "place": self.write_place.shape()})
        m.submodules.gradients = kept = shared(
            "gradients", Scratchpad, depth=self._maps.pooled[0] * self._maps.pooled[1], shape=signed(layout.size)
        )
        new, old = Signal(layout), data.View(layout, kept.read_data.as_unsigned())
        m.d.comb += [
            new.code.eq(self.write_data),
            kept.write.eq(self.write),
            kept.write_address.eq(self.write_output),
            kept.write_data.eq(new.as_value()),
            kept.read_address.eq(self.gradient.output),
        ]
        m.d.sync += self.gradient_o.eq(self.gradient)
        meant, gradient = self.gradient_o.inside, Signal(code)
        if not one:
            m.d.comb += new.place.eq(self.write_place)
            meant &= self.gradient_o.place == old.place
        m.d.comb += gradient.eq(Mux(meant, old.code, 0))
        for i, pe in enumerate(pes):
            m.d.comb += pe.gradient.eq(gradient)
            if i + 1 < len(pes):
                gradient_q = Signal.like(gradient, name=f"gradient_{i}", reset_less=True)
                m.d.sync += gradient_q.eq(gradient)
                gradient = gradient_q

    def _sums(self, m, pes):
        """Bring the partial sums together."""
        bits, bias = len(pes[0].result), Signal(Pe.LATENCY)
        window = WindowMean if self._maps.average else WindowMax
        m.submodules.sums = sums = shared(
            "sums", window, bits=bits, out=len(self.o), lanes=len(pes), window=self._maps.pool**2
        )
        valid, result = join(pe.result_valid for pe in pes), join(pe.result.as_unsigned() for pe in pes)
        m.d.sync += bias.eq((bias << 1) | self.bias)
        m.d.comb += [
            sums.i_valid.eq(valid & ~self.serving),
            sums.i.eq(result),
            sums.bias.eq(bias[-1]),
            self.answer_valid.eq(valid & self.serving),
            self.answer.eq(result),
            self.o_valid.eq(sums.o_valid),
            self.o.eq(sums.o),
            self.place.eq(sums.place),
        ]
