"""The accumulators of an APU: sums, OR of magnitudes and counts over the lanes and elements of a map."""

from functools import reduce
from operator import add, or_

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.spec.acore import ACCUMULATOR_BITS, WORD_BITS, Accumulator, Chain, Statistic

from .lane import LaneSums

__all__ = ["Sums"]

_COUNT = 28


class Sums(wiring.Component):
    """Sums over the lanes, then over the beats.

    What is not an element is 0 already. Latency 2 cycles of `enable`, 1 to the OR and the counts.

    Parameters
    ----------
    lanes : int

    Members
    -------
    enable : In(1)
        The lanes advance.
    clear : In(1)
        All are 0 from the next cycle on.
    chain : In(Chain)
        What the accumulators sum.
    lanes : In(LaneSums), [lanes]
    select : In(3)
        An :class:`~hw.spec.acore.Accumulator`.
    value : Out(signed(56))
        Its value.

    Source: ETA, Section IV-C: "Accumulation" and "Abs"; numerics.md Sections 4, 6 and 7.
    """

    def __init__(self, *, lanes: int):
        self._lanes = lanes
        super().__init__(
            {
                "enable": In(1),
                "clear": In(1),
                "chain": In(Chain),
                "lanes": In(data.ArrayLayout(LaneSums, lanes)),
                "select": In(3),
                "value": Out(signed(ACCUMULATOR_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes, chain = [self.lanes[n] for n in range(self._lanes)], self.chain
        magnitude = (chain.statistic == Statistic.MAGNITUDE).replicate(WORD_BITS)
        # Without a mask nothing is masked, so that |z| can take its place; both have 48 bits, |z| without a sign.
        summed = [Cat(lane.masked | (lane.magnitude & magnitude), lane.masked[-1]).as_signed() for lane in lanes]
        values = {
            Accumulator.SUM0: self._sum(m, "sum0", summed, chain.statistic != Statistic.NONE),
            Accumulator.SUM1: self._sum(m, "sum1", [lane.rescaled for lane in lanes], chain.sum1),
            Accumulator.SUM2: self._sum(m, "sum2", [lane.product for lane in lanes], chain.sum2),
            Accumulator.LARGEST: self._or(m, "largest", [lane.magnitude for lane in lanes]),
            Accumulator.SATURATED: self._count(m, "saturated", [lane.saturates for lane in lanes]),
            Accumulator.SATURATED1: self._count(m, "saturated1", [lane.saturates1 for lane in lanes]),
        }
        with m.Switch(self.select):
            for accumulator, value in values.items():
                with m.Case(accumulator):
                    m.d.comb += self.value.eq(value)
        return m

    def _sum(self, m, name, terms, used):
        """Cycle 1: sum of the lanes. Cycle 2: of the beats."""
        width = len(terms[0]) + (self._lanes - 1).bit_length()
        partial = Signal(signed(width), name=f"{name}_lanes", reset_less=True)
        total = Signal(signed(ACCUMULATOR_BITS), name=name)
        with m.If(self.enable):
            m.d.sync += partial.eq(reduce(add, terms))
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.enable & used):
            m.d.sync += total.eq(total + partial)
        return total

    def _or(self, m, name, terms):
        total = Signal(WORD_BITS, name=name)
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.enable):
            m.d.sync += total.eq(reduce(or_, terms, total))
        return total

    def _count(self, m, name, bits):
        total = Signal(_COUNT, name=name)
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.enable):
            m.d.sync += total.eq(total + reduce(add, bits))
        return total
