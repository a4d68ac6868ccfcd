"""The activation unit of a layer, and what its global multiplier needs for the derivative."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.curves import Curve
from hw.lib.shared import shared

from .line import Line

__all__ = ["ActivationUnit"]


class ActivationUnit(wiring.Component):
    """y = f(z), and operands with f' = round(a b / 2^F) + addend: golden's `activate` and `derive`.

    ::

        relu     a b = 0           addend 1 or 0        sigmoid  a b = y (1 - y)   addend 0
        linear   a b = 0           addend 1             tanh     a b = y (-y)      addend 1

    Latency `latency`: 4 cycles for sigmoid and tanh, 1 for the others; one value a cycle.

    Parameters
    ----------
    kind : Activation
        softmax is linear here: its outputs are the logits.
    form : FixedFormat

    Members
    -------
    i_valid : In(1), z : In(signed)
    o_valid : Out(1), y, a, b, addend : Out(signed)

    Source: TaxoNN, Section IV-C, Activation Function.
    """

    def __init__(self, *, kind: Activation, form: FixedFormat):
        self._kind, self._form = kind, form
        self.latency = self.latency_of(kind)
        code = signed(form.width)
        super().__init__(
            {"i_valid": In(1), "z": In(code), "o_valid": Out(1)} | {n: Out(code) for n in ("y", "a", "b", "addend")}
        )

    @staticmethod
    def latency_of(kind: Activation) -> int:
        """Return the latency of the unit of an activation."""
        return Line.LATENCY + 1 if kind in (Activation.SIGMOID, Activation.TANH) else 1

    def elaborate(self, platform):
        m = Module()
        valid = Signal(self.latency)
        one = Const(self._form.one, signed(self._form.width))
        m.d.sync += valid.eq((valid << 1) | self.i_valid)
        m.d.comb += self.o_valid.eq(valid[-1])
        if self.latency > 1:
            self._curve(m, one)
        elif self._kind == Activation.RELU:
            m.d.sync += self.y.eq(Mux(self.z < 0, 0, self.z))
            m.d.comb += self.addend.eq(Mux(self.y > 0, one, 0))
        else:
            m.d.sync += self.y.eq(self.z)
            m.d.comb += self.addend.eq(one)
        return m

    def _curve(self, m, one):
        form, tanh = self._form, self._kind == Activation.TANH
        bits = {"integer": form.integer + tanh, "fraction": form.fraction, "out": form.fraction + tanh}
        m.submodules.line = line = shared("line", Line, curve=Curve.SIGMOID, **bits)
        negative, value = Signal(Line.LATENCY, reset_less=True), Signal(signed(form.fraction + 3))
        size = Mux(self.z < 0, -self.z, self.z)
        # Cycles 1 to 3: the curve at the size of z; cycle 4: mirror it.
        m.d.comb += [line.i.eq(size << 1 if tanh else size), value.eq(line.o - one if tanh else line.o)]
        m.d.sync += negative.eq((negative << 1) | (self.z < 0))
        mirrored = -value if tanh else one - value
        m.d.sync += self.y.eq(Mux(negative[-1], mirrored, value))
        if tanh:
            m.d.comb += [self.a.eq(self.y), self.b.eq(-self.y), self.addend.eq(one)]
        else:
            m.d.comb += [self.a.eq(self.y), self.b.eq(one - self.y)]
