"""The rescaler of a lane: a shift, its rounding, a sum to subtract it from, and its saturation."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Rescale
from hw.arch.acore.sizes import WORD_BITS
from hw.arith.rounder import NEAREST
from hw.lib.bits import add, differ
from hw.lib.shared import shared

from .rescale import RescaleControl, Shift

__all__ = ["FRONT_TAKEN", "NARROW", "RESCALED", "Rescaler"]

#: Width of the sum before it saturates to 48 bits or less.
RESCALED = WORD_BITS + 2
#: Cycles after x when it takes the front's sum.
FRONT_TAKEN = 4
#: Width of the values that saturate within.
NARROW = 25


class Rescaler(wiring.Component):
    """rsh, >> or SR of a wide value, or the front's sum less that.

    Saturated to 25 bits where the rounding says so; else `over` tells the next unit to saturate to 48 bits, or to
    16 after stochastic rounding.

    Latency `LATENCY` = 7 cycles, throughput one a cycle. `random16` comes one cycle after `x`.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(RescaleControl)
    mode : In(Rescale)
    less : In(1)
        Subtract it from the front's sum.
    x : In(signed(48))
    random16 : In(16)
    nearest : In(1)
        Noise is 8000h instead.
    front : In(signed(50))
        4 cycles after x.
    included : In(1)
        What becomes `value` is an element; else it is 0.
    value : Out(signed(50))
    over : Out(1)
        Where it is not saturated: the value is beyond its limits.
    negative : Out(1)
        Sign of the exact value.

    Source: numerics.md Sections 0, 6, 7 and 9.
    """

    LATENCY = 7

    enable: In(1)
    control: In(RescaleControl)
    mode: In(Rescale)
    less: In(1)
    x: In(signed(WORD_BITS))
    random16: In(16)
    nearest: In(1)
    front: In(signed(RESCALED))
    included: In(1)
    value: Out(signed(RESCALED))
    over: Out(1)
    negative: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = shared("unit", Shift, words=4, bits=RESCALED)
        x = Signal.like(self.x, name="x_q1", reset_less=True)
        noise = Signal(16, reset_less=True)
        total, value = (Signal(signed(RESCALED), name=name, reset_less=True) for name in ("total", "value"))
        beyond, sign, over, negative = (
            Signal(name=name, reset_less=True) for name in ("beyond", "sign", "over_q7", "negative_q7")
        )
        noisy, less = self.mode == Rescale.NOISE16, self.less
        half = (self.mode == Rescale.HALF25) | (self.mode == Rescale.HALF48)
        front = Signal(signed(RESCALED), reset_less=True)
        shifted = Mux(noisy, unit.value >> 16, unit.value >> 1)
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.control),
            unit.x.eq(x),
            unit.noise.eq(noise),
            self.value.eq(value),
            self.over.eq(over),
            self.negative.eq(negative),
        ]
        with m.If(self.enable):
            m.d.sync += [
                x.eq(self.x),  # Cycle 1: the input's multiplexer.
                # Cycle 2, beside the window.
                noise.eq(Mux(noisy, Mux(self.nearest, NEAREST, self.random16), half)),
                front.eq(Mux(less, self.front, 0)),  # Cycle 5.
                # Cycle 6, after the shift: add.
                total.eq(add(front, shifted ^ less.replicate(RESCALED).as_signed(), less)),
                beyond.eq(unit.over),
                sign.eq(unit.negative ^ less),
            ]
            self._saturate(m, total, beyond, sign, value, over, negative)
        return m

    def _saturate(self, m, total, beyond, sign, value, over, negative):
        """Cycle 7: saturate to 25 bits, or find out whether it must saturate to 48 or 16."""
        short = ~self.mode.as_value()[1]  # FLOOR25, HALF25
        beyond48 = beyond | differ(total[WORD_BITS - 1 :])
        beyond25 = beyond48 | differ(total[NARROW - 1 : WORD_BITS])
        beyond16 = beyond25 | differ(total[15:NARROW])
        exact = Mux(beyond, sign, total[-1])
        limit = Cat((~exact).replicate(NARROW - 1), exact)
        with m.If(self.included):
            m.d.sync += value.eq(Cat(Mux(short & beyond25, limit, total[:NARROW]), total[NARROW:]))
        with m.Else():
            m.d.sync += value.eq(0)
        m.d.sync += [
            over.eq(Mux(self.mode == Rescale.NOISE16, beyond16, beyond48)),
            negative.eq(exact),
        ]
