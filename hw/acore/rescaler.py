"""The two rescalers of a lane: a shift, its rounding and its saturation."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arith.rounder import FRACTION
from hw.shared import shared
from hw.spec.acore import WORD_BITS, Rescale0, Rescale1
from hw.spec.pint import PintFormat

from .rescale import Rescale, RescaleControl

__all__ = ["FIXED", "Rescaler0", "Rescaler1"]

#: Width of a value with 16 fraction bits, before it becomes a PINT code.
FIXED = PintFormat().value_width + FRACTION


class Rescaler0(wiring.Component):
    """rsh, >> or SR of a wide value, saturated to 25, 48 or 17 bits.

    Latency `LATENCY` = 6 cycles, throughput one a cycle. `random16` comes two cycles after `x`.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(RescaleControl)
    mode : In(Rescale0)
    x : In(signed(48))
    random16 : In(16)
    included : In(1)
        What becomes `value` is an element; else it is 0.
    value : Out(signed(48))

    Source: numerics.md Sections 0, 6, 7 and 9.
    """

    LATENCY = 6

    enable: In(1)
    control: In(RescaleControl)
    mode: In(Rescale0)
    x: In(signed(WORD_BITS))
    random16: In(16)
    included: In(1)
    value: Out(signed(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = shared("unit", Rescale, words=4)
        x = Signal.like(self.x, name="x_q1", reset_less=True)
        value = Signal(signed(WORD_BITS), reset_less=True)
        noisy = self.mode == Rescale0.NOISE17
        wide = self.mode == Rescale0.HALF48
        shifted = Mux(noisy, unit.value >> 16, unit.value >> 1)[:WORD_BITS]
        negative = unit.negative
        # Rounding may have taken a negative value to 0: what must be equal is the result's own sign.
        beyond25 = ~wide & _differ(shifted[24:])
        beyond17 = noisy & _differ(shifted[16:25])
        wrong = unit.over | beyond25 | beyond17
        positive = ~negative
        # The sign from the saturated width on, its inverse below.
        limit = Cat(
            positive.replicate(16),
            (positive ^ noisy).replicate(8),
            (positive ^ ~wide).replicate(23),
            negative,
        )
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.control),
            unit.x.eq(x),
            unit.noise.eq(Mux(noisy, self.random16, self.mode != Rescale0.FLOOR25)),
            self.value.eq(value),
        ]
        with m.If(self.enable):
            m.d.sync += [
                x.eq(self.x),  # Cycle 1: the input's multiplexer.
                value.eq(Mux(self.included, Mux(wrong, limit, shifted), 0)),  # Cycle 6, after the shift: saturate.
            ]
        return m


class Rescaler1(wiring.Component):
    """rsh to 18 bits, SR to 16 bits, or fixed point with 16 fraction bits for a PINT code.

    Latency `LATENCY` = 4 cycles, throughput one a cycle. `random16` comes one cycle after `x`.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(RescaleControl)
    mode : In(Rescale1)
    x : In(signed(48))
    random16 : In(16)
    value : Out(signed(18))
    fixed : Out(signed(29))
    over : Out(1)
        `fixed` is beyond the limits; then only its sign means something.

    Source: numerics.md Sections 3, 6 and 9.
    """

    LATENCY = 4

    enable: In(1)
    control: In(RescaleControl)
    mode: In(Rescale1)
    x: In(signed(WORD_BITS))
    random16: In(16)
    value: Out(signed(18))
    fixed: Out(signed(FIXED))
    over: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = shared("unit", Rescale, words=3)
        value = Signal(signed(18), reset_less=True)
        fixed = Signal(signed(FIXED), reset_less=True)
        over = Signal(reset_less=True)
        half = self.mode == Rescale1.HALF18
        negative, result = unit.negative, unit.value
        positive = ~negative
        short = Mux(half, result >> 15, result >> 16)[:18]
        wrong = unit.over | (~half & _differ(short[15:]))
        limit = Cat(positive.replicate(15), (positive ^ ~half).replicate(2), negative)
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.control),
            unit.x.eq(self.x),
            unit.noise.eq(Mux(half, 1 << 14, Mux(self.mode == Rescale1.NOISE16, self.random16, 0))),
            self.value.eq(value),
            self.fixed.eq(fixed),
            self.over.eq(over),
        ]
        with m.If(self.enable):
            m.d.sync += [
                value.eq(Mux(wrong, limit, short)),
                fixed.eq(Cat(result[: FIXED - 1], negative)),
                over.eq(unit.over | _differ(result[FIXED - 1 :])),
            ]
        return m


def _differ(bits):
    return ~(bits.all() | ~bits.any())
