"""The loss unit: from the outputs and the label to the products that are G of the last layer."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.curves import Curve
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .fixed import saturate
from .line import Line
from .multiplier import GlobalMultiplier

__all__ = ["LossUnit"]


class LossUnit(wiring.Component):
    """Operands of the global multiplier for each output k, with t = 1.0 at the label and 0 elsewhere.

    ::

        squared error            a = saturate(y - t)   b = f'                           addend 0
        softmax cross-entropy    a = E = e^-(max z - z)  b = q = floor(2^(2F+I-1) / sum E)  addend -t, wide

    Takes N outputs, one a cycle. From the last one of a training sample to the first product: 4 cycles for
    squared error; N + F + I + 8 cycles for softmax (a pass of E, the division, bit by bit); then one product a cycle.

    Parameters
    ----------
    size : int
        N, outputs.
    kind : Activation
        softmax, or anything else for squared error.
    form : FixedFormat

    Members
    -------
    i_valid : In(1), y : In(signed), train : In(1), label : In(range(N))
        Outputs; train and label are those of the first output's cycle.
    index : Out(range(N)), derivative : In(signed)
        f' of that output, one cycle later.
    begun : Out(1)
        The last output of a training sample is there.
    o_valid : Out(1), a, b, addend : Out(signed), wide : Out(1)

    Source: :mod:`sim.golden.taxonn.loss`; TaxoNN, Section IV-D (the extra N_n cycles).
    """

    def __init__(self, *, size: int, kind: Activation, form: FixedFormat):
        self._size, self._softmax, self._form = size, kind == Activation.SOFTMAX, form
        code = signed(form.width)
        super().__init__(
            {
                "i_valid": In(1),
                "y": In(code),
                "train": In(1),
                "label": In(range(max(size, 2))),
                "index": Out(range(max(size, 2))),
                "derivative": In(code),
                "begun": Out(1),
                "o_valid": Out(1),
                "a": Out(code),
                "b": Out(code),
                "addend": Out(code),
                "wide": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        size, form = self._size, self._form
        m.submodules.outputs = outputs = Scratchpad(depth=size, shape=signed(form.width))
        k, k_q, going = Signal.like(self.index), Signal.like(self.index), Signal()
        train, label, settle = Signal(), Signal.like(self.label), Signal(range(GlobalMultiplier.LATENCY + 1))
        target = Signal(signed(form.width))
        last = k == size - 1
        m.d.comb += [
            self.index.eq(k),
            outputs.read_address.eq(k),
            outputs.write_address.eq(k),
            outputs.write_data.eq(self.y),
            target.eq(Mux(k_q == label, form.one, 0)),
            self.o_valid.eq(going),
        ]
        m.d.sync += [k_q.eq(k), going.eq(0)]

        if self._softmax:
            reading, total = self._softmax_path(m, outputs, k)

        def step(after):
            """Go on to the next output, or to the state after them all."""
            m.d.sync += k.eq(k + 1)
            with m.If(last):
                m.d.sync += k.eq(0)
                m.next = after

        with m.FSM():
            with m.State("collect"):
                trains = Mux(k == 0, self.train, train)
                m.d.sync += settle.eq(GlobalMultiplier.LATENCY)
                with m.If(k == 0):
                    m.d.sync += [train.eq(self.train), label.eq(self.label)]
                with m.If(self.i_valid):
                    m.d.comb += [outputs.write.eq(1), self.begun.eq(last & trains)]
                    m.d.sync += k.eq(Mux(last, 0, k + 1))
                    with m.If(last & trains):
                        m.next = "exponentials" if self._softmax else "settle"
            if self._softmax:
                self._softmax_states(m, reading, total, step)
            else:
                with m.State("settle"):  # f' of the last output is still in the multiplier.
                    m.d.sync += settle.eq(settle - 1)
                    with m.If(settle == 0):
                        m.next = "gradient"
            with m.State("gradient"):
                m.d.sync += going.eq(1)
                step("collect")
        if self._softmax:
            m.d.comb += [self.a.eq(outputs.read_data), self.addend.eq(-target), self.wide.eq(1)]
        else:
            difference = Signal(signed(form.width + 1))
            m.d.comb += [difference.eq(outputs.read_data - target), self.a.eq(saturate(difference, form))]
            m.d.comb += self.b.eq(self.derivative)
        return m

    def _softmax_path(self, m, outputs, k):
        """Add what replaces outputs by their exponentials and sums them; return the pass's valid bits and the sum."""
        form = self._form
        f = form.fraction
        m.submodules.line = line = shared("line", Line, curve=Curve.EXP, integer=form.integer + 1, fraction=f, out=f)
        top, total = Signal(signed(form.width)), Signal(f + 1 + ceil_log2(max(self._size, 2)))
        reading, place = Signal(1 + Line.LATENCY), Signal.like(k)
        m.d.comb += line.i.eq(top - outputs.read_data)
        m.d.sync += reading.eq(reading << 1)
        with m.If(self.i_valid):
            m.d.sync += [top.eq(Mux((k == 0) | (self.y > top), self.y, top)), total.eq(0), place.eq(0)]
        # Cycle 1: read; cycles 2 to 4: the curve; then write it in place of the output.
        with m.If(reading[-1]):
            m.d.comb += [outputs.write.eq(1), outputs.write_address.eq(place), outputs.write_data.eq(line.o)]
            m.d.sync += [total.eq(total + line.o), place.eq(place + 1)]
        return reading, total

    def _softmax_states(self, m, reading, total, step):
        """Add the states of the pass and of the division."""
        form = self._form
        bits = form.fraction + form.integer
        rest, quotient, left = Signal(len(total) + 1), Signal(unsigned(bits)), Signal(range(bits))
        fits = rest >= total
        m.d.comb += self.b.eq(quotient)
        with m.State("exponentials"):
            m.d.sync += reading.eq((reading << 1) | 1)
            step("sum")
        with m.State("sum"):
            m.d.sync += [rest.eq(form.one), left.eq(bits - 1)]
            with m.If(~reading.any()):
                m.next = "divide"
        with m.State("divide"):
            m.d.sync += [
                quotient.eq((quotient << 1) | fits),
                rest.eq(Mux(fits, rest - total, rest) << 1),
                left.eq(left - 1),
            ]
            with m.If(left == 0):
                m.next = "gradient"
