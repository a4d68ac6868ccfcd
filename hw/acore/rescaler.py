"""The rescaler of a lane: a shift, its rounding, a weight to subtract it from, and its saturation."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arith.decoder import Decoder
from hw.arith.rounder import NEAREST
from hw.shared import shared
from hw.spec.acore import WORD_BITS, Outcome, Rescale
from hw.spec.pint import PintFormat

from .bits import add, differ
from .rescale import RescaleControl, Shift

__all__ = ["NARROW", "RESCALED", "Rescaler", "WEIGHT"]

#: Width of the sum before it saturates to 48 bits or less.
RESCALED = WORD_BITS + 2
#: Width of the values that saturate within.
NARROW = 25
#: Places that a weight in PINT moves left, and the width of a weight.
_POINT = 20
WEIGHT = PintFormat().value_width + _POINT


class Rescaler(wiring.Component):
    """rsh, >> or SR of a wide value, or a weight less that.

    Saturated to 25 bits where the rounding says so; else `over` tells the next unit to saturate to 48 bits, or to
    16 after stochastic rounding.

    Latency `LATENCY` = 7 cycles, throughput one a cycle. `random16` comes one cycle after `x`, `weight` four.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(RescaleControl)
    mode : In(Rescale)
    outcome : In(Outcome)
        Whether and which weight it is subtracted from.
    x : In(signed(48))
    random16 : In(16)
    nearest : In(1)
        Noise is 8000h instead.
    weight : In(16)
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
    outcome: In(Outcome)
    x: In(signed(WORD_BITS))
    random16: In(16)
    nearest: In(1)
    weight: In(16)
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
        noisy, less = self.mode == Rescale.NOISE16, self._less()
        half = (self.mode == Rescale.HALF25) | (self.mode == Rescale.HALF48)
        weight = self._weight(m)
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
                # Cycle 6, after the shift: add.
                total.eq(add(weight, shifted ^ less.replicate(RESCALED).as_signed(), less)),
                beyond.eq(unit.over),
                sign.eq(unit.negative ^ less),
            ]
            self._saturate(m, total, beyond, sign, value, over, negative)
        return m

    def _less(self):
        return (self.outcome == Outcome.LESS) | (self.outcome == Outcome.LESS_PINT)

    def _weight(self, m):
        """Cycle 5: the weight, 0 where there is none."""
        m.submodules.decoder = decoder = Decoder(pint=PintFormat())
        weight = Signal(signed(WEIGHT + 1), reset_less=True)
        m.d.comb += decoder.code.eq(self.weight[:8])
        whole, pint = self.outcome == Outcome.LESS, self.outcome == Outcome.LESS_PINT
        sign = self.weight[-1].replicate(WEIGHT + 1 - _POINT)
        with m.If(self.enable):
            m.d.sync += [
                weight[:_POINT].eq(Mux(whole, self.weight.as_signed(), 0)),
                weight[_POINT:].eq(Mux(whole | pint, Mux(pint, decoder.value, sign.as_signed()), 0)),
            ]
        return weight

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
