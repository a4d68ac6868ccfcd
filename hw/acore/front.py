"""The first units of a lane: sum of wide value and code, mask, accumulation over a group."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Pool
from hw.arch.acore.sizes import WORD_BITS
from hw.arch.pint import PintFormat
from hw.lib.bits import plus
from hw.lib.shared import shared

from .narrow import POWERS, Narrow, NarrowControl

__all__ = ["FRONT", "POOLED", "Front", "Pooling"]

#: Width of the front's sum: 48 bits and a code shifted by at most 37.
FRONT = 51
#: Width of a lane's accumulation.
POOLED = 25


class Front(wiring.Component):
    """Sum of wide value, shifted code and constant, and the mask on it.

    The words of the code's product are moved within the adder: one LUT a bit.

    Latency: `LATENCY` = 5 cycles from `code`, 3 from `wide`, 1 from `passes`; throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    takes_wide, takes_code : In(1)
        What the sum is made of, beside the constant.
    narrow : In(NarrowControl)
        Shift of the code, and the constant.
    code : In(8)
    wide : In(signed(48))
        2 cycles after its code.
    passes : In(1)
        The sum passes the mask; 2 cycles after its wide value.
    included : In(1)
        An element, as `passes`.
    value : Out(signed(51))
        The sum, 0 where it does not pass.
    masked : Out(signed(48))
        The sum where it is included and does not pass, else 0.

    Source: numerics.md Sections 6 and 7.
    """

    LATENCY = Narrow.LATENCY + 2

    enable: In(1)
    takes_wide: In(1)
    takes_code: In(1)
    narrow: In(NarrowControl)
    code: In(8)
    wide: In(signed(WORD_BITS))
    passes: In(1)
    included: In(1)
    value: Out(signed(FRONT))
    masked: Out(signed(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = shared("unit", Narrow)
        wide = Signal(signed(WORD_BITS), reset_less=True)
        moved = Signal(signed(FRONT))
        total, value = (Signal(signed(FRONT), name=name, reset_less=True) for name in ("total", "value"))
        masked = Signal(signed(WORD_BITS), reset_less=True)
        word, product = self.narrow.word, unit.value
        far = Cat(self.narrow.low, product[: FRONT - POWERS]).as_signed()
        sign = Mux(self.narrow.large, self.narrow.negative, product[-1])
        near = Cat(product[16:], sign).as_signed()
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.used.eq(self.takes_code),
            unit.control.eq(self.narrow),
            unit.code.eq(self.code),
            moved.eq(Mux(word[1], far, Mux(word[0], product, near))),
            self.value.eq(value),
            self.masked.eq(masked),
        ]
        with m.If(self.enable):
            m.d.sync += [
                wide.eq(Mux(self.takes_wide, self.wide, 0)),  # Cycle 3, beside the code's product.
                total.eq(wide + moved),  # Cycle 4: add.
                value.eq(Mux(self.passes, total, 0)),  # Cycle 5: mask.
                masked.eq(Mux(self.passes | ~self.included, 0, total)),  # a sum over a map has 48 bits
            ]
        return m


class Pooling(wiring.Component):
    """Sum or maximum over the beats of a group, and the place of the first maximum.

    Latency 1 cycle, throughput one beat a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    kind : In(Pool)
    start : In(1)
        The first beat of a group.
    place : In(8)
        Number of the beat in its group.
    x : In(signed(25))
        Of 13 bits for a maximum.
    value : Out(signed(25))
    index : Out(8)

    Source: numerics.md Section 8.
    """

    enable: In(1)
    kind: In(Pool)
    start: In(1)
    place: In(8)
    x: In(signed(POOLED))
    value: Out(signed(POOLED))
    index: Out(unsigned(8))

    def elaborate(self, platform):
        m = Module()
        code = PintFormat().value_width
        value = Signal(signed(POOLED), reset_less=True)
        index = Signal(8, reset_less=True)
        sums, load, added = Signal(), Signal(), Signal(signed(POOLED))
        m.d.comb += [
            added.eq(Mux(sums, value, 0)),
            sums.eq((self.kind == Pool.SUM) & ~self.start),
            load.eq((self.kind == Pool.SUM) | self.start | (self.x[:code].as_signed() > value[:code].as_signed())),
            self.value.eq(value),
            self.index.eq(index),
        ]
        with m.If(self.enable & load):
            m.d.sync += [value.eq(plus(self.x, added)), index.eq(self.place)]
        return m
