"""The accumulators of an APU: sums, OR of magnitudes and counts over the lanes and elements of a map."""

from functools import reduce
from operator import add, or_

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.spec.acore import ACCUMULATOR_BITS, WORD_BITS, Accumulator, Statistic

from .flow import Counted
from .lane import LaneSums

__all__ = ["Sums"]

_COUNT = 28


class Sums(wiring.Component):
    """Sums over the lanes, then over the beats.

    Latency 2 cycles, never stalls.

    Parameters
    ----------
    lanes : int

    Members
    -------
    clear : In(1)
        All are 0 from the next cycle on.
    statistic : In(Statistic)
        What accumulator 0 sums.
    counted : In(Counted)
        Beats to include.
    tail : In(lanes)
        Lanes to include in a last beat.
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
                "clear": In(1),
                "statistic": In(Statistic),
                "counted": In(Counted),
                "tail": In(lanes),
                "lanes": In(data.ArrayLayout(LaneSums, lanes)),
                "select": In(3),
                "value": Out(signed(ACCUMULATOR_BITS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        lanes = [self.lanes[n] for n in range(self._lanes)]
        magnitude = self.statistic == Statistic.MAGNITUDE
        zeros = Mux(magnitude, 0, 1)
        values = {
            Accumulator.SUM0: self._sum(m, "sum0", [
                Mux(magnitude, lane.magnitude.as_signed(), lane.masked)[:WORD_BITS].as_signed() for lane in lanes
            ], zeros),
            Accumulator.SUM1: self._sum(m, "sum1", [lane.rescaled for lane in lanes]),
            Accumulator.SUM2: self._sum(m, "sum2", [lane.product for lane in lanes]),
            Accumulator.LARGEST: self._or(m, "largest", [lane.magnitude for lane in lanes]),
            Accumulator.LARGEST0: self._or(m, "largest0", [lane.magnitude0 for lane in lanes]),
            Accumulator.SATURATED: self._count(m, "saturated", [lane.saturates for lane in lanes]),
            Accumulator.SATURATED1: self._count(m, "saturated1", [lane.saturates1 for lane in lanes]),
        }  # fmt: skip
        with m.Switch(self.select):
            for accumulator, value in values.items():
                with m.Case(accumulator):
                    m.d.comb += self.value.eq(value)
        return m

    def _included(self, name):
        beat = self.counted[name]
        return [beat.valid & (~beat.last | self.tail[n]) for n in range(self._lanes)]

    def _sum(self, m, name, terms, extend_sign=1):
        """Cycle 1: sum of the lanes. Cycle 2: of the beats."""
        width = len(terms[0]) + 1 + (self._lanes - 1).bit_length()
        partial = Signal(signed(width), name=f"{name}_lanes", reset_less=True)
        total = Signal(signed(ACCUMULATOR_BITS), name=name)
        signs = (Cat(term, term[-1] & extend_sign).as_signed() for term in terms)
        gated = [Mux(included, term, 0) for included, term in zip(self._included(name), signs, strict=True)]
        m.d.sync += [partial.eq(reduce(add, gated)), total.eq(Mux(self.clear, 0, total + partial))]
        return total

    def _or(self, m, name, terms):
        """Cycle 1: of the lanes. Cycle 2: of the beats."""
        partial = Signal(WORD_BITS, name=f"{name}_lanes", reset_less=True)
        total = Signal(WORD_BITS, name=name)
        gated = [term & one.replicate(WORD_BITS) for one, term in zip(self._included(name), terms, strict=True)]
        m.d.sync += [partial.eq(reduce(or_, gated)), total.eq(Mux(self.clear, 0, total | partial))]
        return total

    def _count(self, m, name, bits):
        partial = Signal(range(self._lanes + 1), name=f"{name}_lanes", reset_less=True)
        total = Signal(_COUNT, name=name)
        gated = [one & bit for one, bit in zip(self._included(name), bits, strict=True)]
        m.d.sync += [partial.eq(reduce(add, gated)), total.eq(Mux(self.clear, 0, total + partial))]
        return total
