"""The error of a convolution's input from the sums that leave the lanes."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.taxonn.maps import Convolution
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .counters import below, nest

__all__ = ["RowSums"]


class RowSums(wiring.Component):
    """Adds what the k lanes have for each word of the input, over kernel columns and kernel rows.

    The lanes work on row s of the sums at a time, for s = 0 .. h + p - 1. Lane i adds to row s + i - p of the input,
    which was lane i + 1's row before: between two lanes is a row of w d partial results. So a row is done in lane 0.
    For each s come words x, c of the row, with k sums one after the other for each, or one where the sums have no
    row s.

    Latency `LATENCY` = 2 cycles from the last sum of a word in lane 0 to `o_valid`; one sum a lane and cycle. Lane i
    must be i cycles behind lane 0, and `GAP` cycles between rows.

    Parameters
    ----------
    maps : Convolution
    bits : int
        Of a sum.

    Members
    -------
    i_valid : In(1), i : In(k sums)
        Valid of lane 0.
    o_valid : Out(1), o : Out(signed)
        Sums of all words of the input in order.

    Source: TaxoNN, Section IV-A (partial results in the scratchpads); golden's `fold`.
    """

    LATENCY = 2
    #: Cycles between rows for the last partial result to be there.
    GAP = 4

    def __init__(self, *, maps: Convolution, bits: int):
        self._maps, self._bits = maps, bits
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(data.ArrayLayout(signed(bits), maps.kernel)),
                "o_valid": Out(1),
                "o": Out(signed(self.out_bits(maps, bits))),
            }
        )

    @staticmethod
    def out_bits(maps: Convolution, bits: int) -> int:
        """Return the width in which no sum overflows."""
        return bits + ceil_log2(maps.kernel**2)

    def elaborate(self, platform):
        m = Module()
        maps, k = self._maps, self._maps.kernel
        words, rows = maps.width * maps.channels, maps.height + maps.padding
        empty = Signal()
        limits = {"row": rows, "word": words, "tap": k}
        counters, _ = nest(m, limits, self.i_valid, skip={"tap": empty})
        row, word, tap = counters.values()
        layout = data.StructLayout(
            {"valid": 1, "first": 1, "last": 1, "fresh": 1, "done": 1, "word": range(max(words, 2))}
        )
        now = Signal(layout)
        m.d.comb += [
            empty.eq(~below(row, maps.rows)),
            now.valid.eq(self.i_valid),
            now.first.eq(tap == 0),
            now.last.eq(self.i_valid & ((tap == k - 1) | empty)),
            now.fresh.eq(row == 0),
            now.done.eq(~below(row, maps.padding)),
            now.word.eq(word),
        ]
        before = None
        for i in range(k):
            if i:
                now_q = Signal(layout, name=f"lane_{i}")
                m.d.sync += now_q.eq(now)
                now = now_q
            before = self._lane(m, i, now, before)
        return m

    def _lane(self, m, i, now, before):
        """Make lane i, which writes the partial results `before` reads; return what it reads itself, if it does."""
        maps, top = self._maps, i == self._maps.kernel - 1
        now_q, now_q2 = (Signal.like(now, name=f"now_{i}_{n}") for n in ("q", "q2"))
        value = Signal(signed(self._bits), name=f"value_{i}", reset_less=True)
        total = Signal.like(self.o, name=f"total_{i}", reset_less=True)
        start, pad = Signal.like(self.o, name=f"start_{i}"), None
        m.d.sync += [now_q.eq(now), now_q2.eq(now_q), value.eq(self.i[i])]
        if not top:
            words = maps.width * maps.channels
            m.submodules[f"row_{i}"] = pad = shared(f"row_{i}", Scratchpad, depth=words, shape=self.o.shape())
            m.d.comb += [pad.read_address.eq(now.word), start.eq(Mux(now_q.fresh, 0, pad.read_data))]
        # Cycle 2: add.
        with m.If(now_q.valid):
            m.d.sync += total.eq(Mux(now_q.first, start, total) + value)
        # Then lane 0 gives the word, the others keep it for the lane before.
        if i == 0:
            m.d.comb += [self.o_valid.eq(now_q2.last & now_q2.done), self.o.eq(total)]
        else:
            m.d.comb += [
                before.write.eq(now_q2.last),
                before.write_address.eq(now_q2.word),
                before.write_data.eq(total),
            ]
        return pad
