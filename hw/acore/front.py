"""The first units of a lane: sum of wide value and code, mask, accumulation over a group."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.shared import shared
from hw.spec.acore import WORD_BITS, First, Pool, Second

from .narrow import SHIFTED, Narrow, NarrowControl

__all__ = ["FRONT", "POOLED", "Front", "Pooling"]

#: Width of the front's sum.
FRONT = SHIFTED + 1
#: Width of a lane's accumulation.
POOLED = 25


class Front(wiring.Component):
    """Sum of {0, wide, constant} and {0, narrow(code), constant}, and the mask on it.

    Latency: `LATENCY` = 6 cycles from `code`, 2 from `wide`, 1 from `passes`; throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    first : In(First)
    second : In(Second)
    narrow : In(NarrowControl)
    add : In(signed(48))
        The constant.
    code : In(8)
    wide : In(signed(48))
        4 cycles after its code.
    passes : In(1)
        The sum passes the mask; 1 cycle after its wide value.
    included : In(1)
        An element, as `passes`.
    value : Out(signed(53))
        The sum, 0 where it does not pass.
    masked : Out(signed(48))
        The sum where it is included and does not pass, else 0.

    Source: numerics.md Sections 6 and 7.
    """

    LATENCY = Narrow.LATENCY + 2

    enable: In(1)
    first: In(First)
    second: In(Second)
    narrow: In(NarrowControl)
    add: In(signed(WORD_BITS))
    code: In(8)
    wide: In(signed(WORD_BITS))
    passes: In(1)
    included: In(1)
    value: Out(signed(FRONT))
    masked: Out(signed(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = unit = shared("unit", Narrow)
        one = Signal(signed(WORD_BITS))
        other = Signal(signed(SHIFTED))
        total = Signal(signed(FRONT), reset_less=True)
        value = Signal(signed(FRONT), reset_less=True)
        masked = Signal(signed(WORD_BITS), reset_less=True)
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.narrow),
            unit.code.eq(self.code),
            one.eq(Mux(self.first == First.CONSTANT, self.add, Mux(self.first == First.WIDE, self.wide, 0))),
            other.eq(Mux(self.second == Second.CODE, unit.value, Mux(self.second == Second.CONSTANT, self.add, 0))),
            self.value.eq(value),
            self.masked.eq(masked),
        ]
        with m.If(self.enable):
            m.d.sync += [
                total.eq(one + other),
                value.eq(Mux(self.passes, total, 0)),
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
        value = Signal(signed(POOLED), reset_less=True)
        index = Signal(8, reset_less=True)
        largest = Signal()
        m.d.comb += [largest.eq(self.x > value), self.value.eq(value), self.index.eq(index)]
        with m.If(self.enable):
            with m.If(self.start):
                m.d.sync += [value.eq(self.x), index.eq(self.place)]
            with m.Elif(self.kind == Pool.SUM):
                m.d.sync += value.eq(value + self.x)
            with m.Elif(largest):
                m.d.sync += [value.eq(self.x), index.eq(self.place)]
        return m
