"""Sizes of a descriptor that are products of its fields, and whether anything could be so large."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import HEADER, PASSES_PER_WEIGHT

__all__ = ["TOTAL_BITS", "Extents"]

#: Bits of the grid rows of a descriptor, those of an entry's field `left`.
TOTAL_BITS = 18


class Extents(wiring.Component):
    """Bounds the time that a descriptor takes, one product after the other on one multiplier::

        total = (images - 1) * pitch + rows    grid rows from the first with a result to the last
        wide  = total * columns > wpus * 4 * psums (FP, BP), wpus * 3 * (w_words + 1) (WG)
        many  = m_blocks * c_blocks * entries > 8 * (w_words + 1) (FP, BP), psums / (channels * beats) (WG)

    No layer that fits its own regions is wide or has many passes: a slot has a partial sum or an error of its own, and
    no window takes more than five entries.

    Latency: `total` comes :attr:`TOTAL` cycles after `start`, `wide` and `many` within :attr:`LATENCY`.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    header : In(HEADER), gradient : In(1)
        From `start` on.
    start : In(1)
    total : Out(18), large : Out(1)
        `large`: the total has more bits.
    wide, many : Out(1)
    """

    TOTAL, LATENCY = 3, 7

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        super().__init__(
            {
                "header": In(HEADER),
                "gradient": In(1),
                "start": In(1),
                "total": Out(TOTAL_BITS),
                "large": Out(1),
                "wide": Out(1),
                "many": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        header, array = self.header, self._config.array
        step = Signal(range(self.LATENCY + 1), init=self.LATENCY)
        a, b = Signal(TOTAL_BITS, reset_less=True), Signal(12, reset_less=True)
        product, blocks = Signal(TOTAL_BITS + 12, reset_less=True), Signal(24, reset_less=True)
        total, words = Signal(len(product) + 1), Signal(17)
        wide, many = Signal(), Signal()
        leaving = array.channels * array.beats  # sums of a pass of WG
        m.d.comb += [total.eq(product + header.rows), words.eq(header.w_words + 1)]
        with m.If(self.gradient):
            m.d.comb += [
                wide.eq(product > array.wpus * TAPS * words),
                many.eq(product[16:].any() | (product[:16] * leaving > header.psums)),
            ]
        with m.Else():
            m.d.comb += [
                wide.eq(product > array.wpus * PORTS * header.psums),
                many.eq(product > PASSES_PER_WEIGHT * words),
            ]
        with m.If(self.start):
            m.d.sync += step.eq(1)
        with m.Elif(step != self.LATENCY):
            m.d.sync += step.eq(step + 1)
        # Cycle n selects operands, n + 1 multiplies, n + 2 has the product.
        m.d.sync += product.eq(a * b)
        with m.If(self.start):
            m.d.sync += [a.eq(header.images - 1), b.eq(header.pitch)]
        with m.Switch(step):
            with m.Case(1):
                m.d.sync += [a.eq(header.m_blocks), b.eq(header.c_blocks)]
            with m.Case(2):
                m.d.sync += [self.total.eq(total), self.large.eq(total[TOTAL_BITS:].any())]
            with m.Case(3):
                m.d.sync += [a.eq(self.total), b.eq(header.columns), blocks.eq(product)]
            with m.Case(4):
                m.d.sync += [a.eq(blocks), b.eq(header.entries)]
            with m.Case(5):
                m.d.sync += self.wide.eq(wide)
            with m.Case(6):
                m.d.sync += self.many.eq(many | blocks[TOTAL_BITS:].any())
        return m
