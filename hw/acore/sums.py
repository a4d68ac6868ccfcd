"""The accumulators of an APU: sums, OR of magnitudes and counts over the lanes and elements of a map."""

from functools import reduce
from operator import add, or_

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Chain, Statistic
from hw.arch.acore.scalar import Accumulator
from hw.arch.acore.sizes import ACCUMULATOR_BITS, COUNT_BITS, WORD_BITS
from hw.lib.bits import plus

from .lane import LaneSums

__all__ = ["ADDED", "Sums"]

#: Accumulators that are read on top of accumulator 0, whose adders they share.
ADDED = (Accumulator.SUM1, Accumulator.SUM2, Accumulator.LARGEST)


class Sums(wiring.Component):
    """Sums over the lanes and the beats.

    What is not an element is 0 already. Latency 2 cycles of `enable` to sums 1 and 2, 1 to the others.

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
        An :class:`~hw.arch.acore.scalar.Accumulator`; SUM0 while lanes give elements.
    value : Out(signed(56))
        Its value of the cycle before, that of accumulator 0 added where it is one of ADDED.

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
        values = {
            Accumulator.SUM1: self._sum(m, "sum1", [lane.rescaled for lane in lanes], chain.sum1),
            Accumulator.SUM2: self._sum(m, "sum2", [lane.product for lane in lanes], chain.sum2),
            Accumulator.LARGEST: self._or(m, "largest", [lane.magnitude for lane in lanes]),
            Accumulator.SATURATED: self._count(m, "saturated", [lane.saturates for lane in lanes]),
            Accumulator.SATURATED1: self._count(m, "saturated1", [lane.saturates1 for lane in lanes]),
        }
        chosen = Signal(signed(ACCUMULATOR_BITS))
        m.d.comb += chosen.eq(self._sum0(m, {name: values.pop(name) for name in ADDED}))
        with m.Switch(self.select):
            for accumulator, value in values.items():
                with m.Case(accumulator):
                    m.d.comb += chosen.eq(value)
        m.d.sync += self.value.eq(chosen)
        return m

    def _sum0(self, m, added):
        """Add the lanes to the sum, one after the other; return it with the accumulator on top that is selected."""
        total = Signal(signed(ACCUMULATOR_BITS), name="sum0")
        magnitude = self.chain.statistic == Statistic.MAGNITUDE
        tops = [Mux(self.select == accumulator, value, 0) for accumulator, value in added.items()]
        result = total
        for n in range(self._lanes):
            # Only one is not 0: without a mask nothing is masked, so that |z| can take its place.
            term = Signal(signed(ACCUMULATOR_BITS), name=f"term_{n}")
            ones = [self.lanes[n].masked, Mux(magnitude, self.lanes[n].magnitude, 0), *tops[n :: self._lanes]]
            m.d.comb += term.eq(reduce(or_, ones))
            result = plus(result, term)
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.enable & (self.chain.statistic != Statistic.NONE) & (self.select == Accumulator.SUM0)):
            m.d.sync += total.eq(result)
        return result

    def _sum(self, m, name, terms, used):
        """Cycle 1: sum of the lanes. Cycle 2: of the beats."""
        shape = signed(len(terms[0]) + (self._lanes - 1).bit_length())
        partial = Signal(shape, name=f"{name}_lanes", reset_less=True)
        extended = [Signal(shape, name=f"{name}_{n}") for n in range(self._lanes)]
        m.d.comb += [signal.eq(term) for signal, term in zip(extended, terms, strict=True)]
        total = Signal(signed(min(len(terms[0]) + COUNT_BITS, ACCUMULATOR_BITS)), name=name)
        with m.If(self.enable):
            m.d.sync += partial.eq(reduce(plus, extended))
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
        total = Signal(COUNT_BITS, name=name)
        with m.If(self.clear):
            m.d.sync += total.eq(0)
        with m.Elif(self.enable):
            m.d.sync += total.eq(total + reduce(add, bits))
        return total
