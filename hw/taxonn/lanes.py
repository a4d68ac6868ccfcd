"""Orders with their words for the first PE of each lane of a convolution."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import FixedFormat
from hw.arch.taxonn.maps import Convolution
from hw.arch.taxonn.order import Op, order_word

from .map_buffer import MapBuffer

__all__ = ["Lanes"]


class Lanes(wiring.Component):
    """Brings orders together with the words that they made the buffer read; lane i is i cycles behind lane 0.

    x is the word of the lane, but 1.0 for the bias, which only lane 0 has; -alpha for UPDATE; 0 for BACK; and what
    READ and WRITE need.

    Latency `LATENCY` = 2 cycles from an order to lane 0, those of the buffer.

    Parameters
    ----------
    maps : Convolution
    form : FixedFormat

    Members
    -------
    op, column, first, last, bias : In
        The order, as :class:`.conv_sequencer.ConvSequencer` gives it.
    x : In(k words)
        What the buffer read for the order `LATENCY` cycles ago.
    rate, value, place : In
        -alpha; what WRITE writes; the word that READ and WRITE mean.
    op_o : Out(k of Op), word_o : Out(k of order_word), bias_o : Out(1)

    Source: TaxoNN, Section IV-A.
    """

    LATENCY = MapBuffer.LATENCY

    def __init__(self, *, maps: Convolution, form: FixedFormat):
        self._maps, self._form = maps, form
        code, column = signed(form.width), range(maps.lane + 1)
        layout = order_word(maps.lane, form)
        ins = {
            "op": Op,
            "column": column,
            "first": 1,
            "last": 1,
            "bias": 1,
            "rate": code,
            "value": code,
            "place": column,
        }
        ins |= {"x": data.ArrayLayout(code, maps.kernel)}
        outs = {"op_o": data.ArrayLayout(Op, maps.kernel), "word_o": data.ArrayLayout(layout, maps.kernel), "bias_o": 1}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    def elaborate(self, platform):
        m = Module()
        word = order_word(self._maps.lane, self._form)
        order = data.StructLayout({"op": Op, "word": word, "bias": 1, "fixed": 1})
        given = Signal(order)
        m.d.comb += [
            given.op.eq(self.op),
            given.bias.eq(self.bias),
            given.word.column.eq(self.column),
            given.word.first.eq(self.first),
            given.word.last.eq(self.last),
            given.fixed.eq(1),
        ]
        with m.Switch(self.op):
            with m.Case(Op.WRITE):
                m.d.comb += [given.word.x.eq(self.value), given.word.column.eq(self.place)]
            with m.Case(Op.READ):
                m.d.comb += [given.word.x.eq(1), given.word.column.eq(self.place)]
            with m.Case(Op.UPDATE):
                m.d.comb += given.word.x.eq(self.rate)
            with m.Case(Op.BACK):
                m.d.comb += given.word.x.eq(0)
            with m.Default():
                m.d.comb += [given.word.x.eq(Mux(self.bias, self._form.one, 0)), given.fixed.eq(self.bias)]
        for n in range(self.LATENCY):
            given_q = Signal(order, name=f"given_q{n}")
            m.d.sync += given_q.eq(given)
            given = given_q
        m.d.comb += self.bias_o.eq(given.bias)
        for i in range(self._maps.kernel):
            x = self.x[i]
            for n in range(i):
                x_q = Signal(signed(self._form.width), name=f"x_{i}_q{n}", reset_less=True)
                m.d.sync += x_q.eq(x)
                x = x_q
            m.d.comb += [self.op_o[i].eq(given.op), self.word_o[i].eq(given.word)]
            m.d.comb += self.word_o[i].x.eq(Mux(given.fixed, given.word.x, x))
            given_q = Signal(order, name=f"lane_{i + 1}")
            m.d.sync += given_q.eq(given)
            if i == 0:
                with m.If(given.bias):
                    m.d.sync += given_q.op.eq(Op.NONE)
            given = given_q
        return m
