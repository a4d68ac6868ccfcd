"""The multiplications of a lane, and the centring before the first."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import WORD_BITS
from hw.arch.pint import PintFormat
from hw.lib.bits import add

__all__ = ["CENTRED", "FACTOR", "Centre", "Product"]

#: Widths of the operands of a multiplier.
CENTRED, FACTOR = 25, 18
_VALUE = PintFormat().value_width


class Centre(wiring.Component):
    """value = sat25(x - sign(t) * mean), sign(0) = 0; t goes along.

    Latency `LATENCY` = 2 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    x, mean : In(signed(25))
    t : In(signed(13))
    value : Out(signed(25))
    t_o : Out(signed(13))

    Source: numerics.md Section 7; ETA, Algorithm 2, line 15.
    """

    LATENCY = 2

    enable: In(1)
    x: In(signed(CENTRED))
    mean: In(signed(CENTRED))
    t: In(signed(_VALUE))
    value: Out(signed(CENTRED))
    t_o: Out(signed(_VALUE))

    def elaborate(self, platform):
        m = Module()
        difference = Signal(signed(CENTRED + 1), reset_less=True)
        value = Signal(signed(CENTRED), reset_less=True)
        t_q = Signal.like(self.t, name="t_q1", reset_less=True)
        t_q2 = Signal.like(self.t, name="t_q2", reset_less=True)
        sign = difference[-1]
        limit = Cat((~sign).replicate(CENTRED - 1), sign)
        positive = Signal()
        # -mean is ~mean + 1.
        term = Mux(self.t[-1], self.mean, Mux(positive, ~self.mean, 0))
        m.d.comb += [positive.eq(~self.t[-1] & self.t.any()), self.value.eq(value), self.t_o.eq(t_q2)]
        with m.If(self.enable):
            m.d.sync += [
                difference.eq(add(self.x, term.as_signed(), positive)),
                value.eq(Mux(sign ^ difference[-2], limit, difference)),
                t_q.eq(self.t),
                t_q2.eq(t_q),
            ]
        return m


class Product(wiring.Component):
    """value = a * b + c, 25 by 18 bits, modulo 2^48: one DSP slice.

    Latency `LATENCY` = 3 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    a : In(signed(25))
    b : In(signed(18))
    c, value : In, Out(signed(48))
    included : In(1)
        What becomes `value` is an element; else it is 0.

    Source: ETA, Section IV-C: "Multiply-Add" and "Multiply".
    """

    LATENCY = 3

    enable: In(1)
    a: In(signed(CENTRED))
    b: In(signed(FACTOR))
    c: In(signed(WORD_BITS))
    included: In(1)
    value: Out(signed(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        a, b, c = (
            Signal.like(operand, name=name, reset_less=True)
            for operand, name in ((self.a, "a_q1"), (self.b, "b_q1"), (self.c, "c_q1"))
        )
        c_q2 = Signal.like(c, name="c_q2", reset_less=True)
        product = Signal(signed(CENTRED + FACTOR), reset_less=True)
        value = Signal(signed(WORD_BITS), reset_less=True)
        m.d.comb += self.value.eq(value)
        with m.If(self.enable):
            m.d.sync += [
                Cat(a, b, c).eq(Cat(self.a, self.b, self.c)),  # Cycle 1: operands.
                product.eq(a * b),  # Cycle 2: multiply.
                c_q2.eq(c),
                value.eq(Mux(self.included, product + c_q2, 0)),  # Cycle 3: add.
            ]
        return m
