"""The global multiplier: one a layer, shared by all its neurons."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import FixedFormat

from .fixed import saturate

__all__ = ["GlobalMultiplier"]


class GlobalMultiplier(wiring.Component):
    """o = saturate(round(a b / 2^s) + addend), s = F, or F + I - 1 where `wide`; to nearest, half up.

    It makes f' of a neuron in the forward phase, and G in the backward phase: the error times f', or E q - t for
    softmax, whose reciprocal q is as wide as the multiplier takes.

    Latency `LATENCY` = 2 cycles, one product a cycle.

    Parameters
    ----------
    form : FixedFormat

    Members
    -------
    derive, grade : In(1)
        There is a product for f', for G; never both.
    a, b, addend : In(signed), wide : In(1)
    derivative_valid, gradient_valid : Out(1)
    o : Out(signed)

    Source: TaxoNN, Section IV-C, Global Multiplier.
    """

    LATENCY = 2

    def __init__(self, *, form: FixedFormat):
        self._form = form
        operand = signed(form.width)
        super().__init__(
            {
                "derive": In(1),
                "grade": In(1),
                "a": In(operand),
                "b": In(operand),
                "addend": In(operand),
                "wide": In(1),
                "derivative_valid": Out(1),
                "gradient_valid": Out(1),
                "o": Out(operand),
            }
        )

    def elaborate(self, platform):
        m = Module()
        form, f = self._form, self._form.fraction
        wide = f + form.integer - 1
        product = Signal(signed(2 * form.width), reset_less=True)
        addend, wide_q = Signal.like(self.addend, reset_less=True), Signal(reset_less=True)
        rounded, total = Signal(signed(2 * form.width)), Signal(signed(2 * form.width + 1))
        derive_q, grade_q = Signal(), Signal()
        # Cycle 1: multiply.
        m.d.sync += [
            product.eq(self.a * self.b),
            addend.eq(self.addend),
            wide_q.eq(self.wide),
            derive_q.eq(self.derive),
            grade_q.eq(self.grade),
        ]
        # Cycle 2: round, add, saturate.
        m.d.comb += [
            rounded.eq(Mux(wide_q, (product + (1 << wide - 1)) >> wide, (product + (1 << f - 1)) >> f)),
            total.eq(rounded + addend),
        ]
        m.d.sync += [
            self.o.eq(saturate(total, form)),
            self.derivative_valid.eq(derive_q),
            self.gradient_valid.eq(grade_q),
        ]
        return m
