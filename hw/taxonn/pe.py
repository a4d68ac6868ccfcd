"""The processing element: one multiplier and one adder for inference and training."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.spec.taxonn import RATE_SHIFT, FixedFormat, Rounding
from hw.spec.taxonn_order import Op, word_layout

from .fixed import noise_field, saturate
from .scratchpad import Scratchpad

__all__ = ["Pe"]


class Pe(wiring.Component):
    """A neuron: a row of weights and its bias, one product a cycle.

    Inference is MULTIPLY. Training multiplexes the same multiplier and adder (:class:`hw.spec.taxonn_order.Op`)::

        MUX1      x | G | -alpha              MUX2      W | G | D
        MUX3      0, acc | acc of the PE before | half an LSB of D | W with rounding noise below
        product = MUX1 * MUX2                 sum = MUX3 + product

    W is a row, but step 1 of the paper needs columns of the next layer's W. So it is done where W is: PE r of layer
    i+1 multiplies its G with its row word by word, and the sums over r travel through acc from PE to PE,
    column j one cycle behind column j-1. They leave the last PE in the order in which layer i needs them.

    Registers that training adds: G, whose place D takes; the weight under update, its column and noise; and the
    learning rate, which is one for all PEs of a layer (`rate`). Sums are exact: acc holds every sum of its layer.

    Latency `LATENCY` = 3 cycles from an order to acc, which BACK takes one cycle later in the next PE; an order
    goes on after one cycle. A weight is updated 3 cycles after its order; D is ready for an UPDATE
    that comes two cycles after SCALE.

    Parameters
    ----------
    inputs : int
        N_{i-1}, weights of the row.
    outputs : int
        N_i, PEs of the layer, for the width of sums over them.
    form : FixedFormat
        (I, F) of the layer.
    training : bool
        Whether it can train; else it is the baseline, with MULTIPLY, WRITE and READ.
    rounding : Rounding
        Of the update.

    Members
    -------
    op, op_o : In, Out(Op)
    word, word_o : In, Out(word_layout); the noise of `word_o` is rotated left by one.
    select : In(1)
        Whether WRITE and READ mean this PE.
    result : Out(signed(acc_bits))
        acc while `result_valid`, else 0.
    acc : Out(signed(acc_bits))
        To the next PE; the sums of the layer where this is the last PE and `back_valid`.
    result_valid, back_valid : Out(1)
    acc_i : In(signed(acc_bits)), gradient : In(signed), rate : In(signed)
        acc of the PE before, the bus of G, and -alpha in units of 2^-(F + 3).

    Source: TaxoNN, Section IV-C and Fig. 4.
    """

    LATENCY = 3

    def __init__(self, *, inputs: int, outputs: int, form: FixedFormat, training: bool, rounding: Rounding):
        self._inputs, self._form, self._training = inputs, form, training
        self._stochastic = training and rounding == Rounding.STOCHASTIC
        self.module_name = "taxonn_pe" if training else "taxonn_pe_baseline"
        acc = signed(self.acc_bits(inputs, outputs, form, training))
        layout = word_layout(inputs, form, self._stochastic)
        members = {
            "op": In(Op),
            "word": In(layout),
            "op_o": Out(Op),
            "word_o": Out(layout),
            "select": In(1),
            "result": Out(acc),
            "result_valid": Out(1),
        }
        if training:
            members |= {
                "acc_i": In(acc),
                "acc": Out(acc),
                "back_valid": Out(1),
                "gradient": In(signed(form.width)),
                "rate": In(signed(form.width)),
            }
        super().__init__(members)

    @staticmethod
    def acc_bits(inputs: int, outputs: int, form: FixedFormat, training: bool) -> int:
        """Return the width in which no sum of a layer overflows."""
        width = 2 * form.width + ceil_log2(max(inputs + 1, outputs if training else 1))
        update = max(form.width + form.fraction + RATE_SHIFT, 2 * form.width) + 1
        return max(width, update) if training else width

    def elaborate(self, platform):
        m = Module()
        width = self._form.width
        m.submodules.scratchpad = pad = Scratchpad(depth=self._inputs + 1, shape=signed(width))
        op_q2, word_q2 = Signal(Op), Signal.like(self.word_o, reset_less=True)
        a, b = Signal(signed(width)), Signal(signed(width))
        product = Signal(signed(2 * width), reset_less=True)
        addend, acc = Signal(signed(len(self.result))), Signal(signed(len(self.result)), reset_less=True)
        total = Signal(signed(len(acc)))
        selected, valid = Signal(2), Signal()

        # Cycle 0: read the weight; write one that comes from outside.
        m.d.comb += [
            pad.read_address.eq(self.word.column),
            pad.write.eq((self.op == Op.WRITE) & self.select),
            pad.write_address.eq(self.word.column),
            pad.write_data.eq(self.word.x),
        ]
        m.d.sync += [self.op_o.eq(self.op), self.word_o.eq(self.word)]
        if self._stochastic:
            m.d.sync += self.word_o.noise.eq(self.word.noise.rotate_left(1))

        # Cycle 1: multiply.
        m.d.comb += [a.eq(self.word_o.x), b.eq(pad.read_data)]
        m.d.sync += [product.eq(a * b), op_q2.eq(self.op_o), word_q2.eq(self.word_o)]

        # Cycle 2: add.
        host = (op_q2 == Op.WRITE) | (op_q2 == Op.READ)
        with m.If(~word_q2.first):
            m.d.comb += addend.eq(acc)
        m.d.comb += total.eq(addend + product)
        m.d.sync += [
            selected.eq(Cat(self.select, selected)),
            valid.eq(((op_q2 == Op.MULTIPLY) & word_q2.last) | (host & selected[1])),
        ]
        with m.If((op_q2 == Op.MULTIPLY) | host):
            m.d.sync += acc.eq(total)
        m.d.comb += self.result_valid.eq(valid)
        with m.If(valid):
            m.d.comb += self.result.eq(acc)
        if self._training:
            self._train(m, pad, a, b, op_q2, word_q2, addend, total, acc)
        return m

    def _train(self, m, pad, a, b, op_q2, word_q2, addend, total, acc):
        """Add the inputs of the three multiplexers and the registers of training."""
        form, cut = self._form, self._form.fraction + RATE_SHIFT
        gradient = Signal(signed(form.width), name="gradient_q", reset_less=True)  # G, and D from SCALE on
        weight_q2, rounded = Signal(signed(form.width), reset_less=True), Signal(signed(form.width))
        shifted = Signal(signed(len(total)))

        # Cycle 0: take G from the bus.
        with m.If(self.op == Op.LOAD):
            m.d.sync += gradient.eq(self.gradient)

        # Cycle 1: MUX1 and MUX2.
        with m.Switch(self.op_o):
            with m.Case(Op.BACK):
                m.d.comb += a.eq(gradient)
            with m.Case(Op.SCALE):
                m.d.comb += [a.eq(self.rate), b.eq(gradient)]
            with m.Case(Op.UPDATE):
                m.d.comb += b.eq(gradient)
        m.d.sync += weight_q2.eq(pad.read_data)

        # Cycle 2: MUX3; then round by cutting bits, and saturate.
        # The word that goes on is rotated by one already.
        field = noise_field(word_q2.noise.rotate_right(1), cut) if self._stochastic else Const(1 << cut - 1, cut)
        m.d.comb += [shifted.eq(total >> cut), rounded.eq(saturate(shifted, form))]
        with m.Switch(op_q2):
            with m.Case(Op.BACK):
                m.d.comb += addend.eq(self.acc_i)
                m.d.sync += acc.eq(total)
            with m.Case(Op.SCALE):
                m.d.comb += [addend.eq(1 << form.fraction - 1), shifted.eq(total >> form.fraction)]
                m.d.sync += gradient.eq(rounded)
            with m.Case(Op.UPDATE):
                m.d.comb += [
                    addend.eq(Cat(field, weight_q2).as_signed()),
                    pad.write.eq(1),
                    pad.write_address.eq(word_q2.column),
                    pad.write_data.eq(rounded),
                ]
        m.d.sync += self.back_valid.eq(op_q2 == Op.BACK)
        m.d.comb += self.acc.eq(acc)
