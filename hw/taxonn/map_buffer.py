"""The double-buffered input of a convolution."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.taxonn.maps import Convolution
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .counters import below, nest, table

__all__ = ["MapBuffer"]


class MapBuffer(wiring.Component):
    """Two samples of maps: one is filled while the other is used; gives k rows at once, one word of each a cycle.

    Row y of the padded maps is in bank y mod k, so that rows y to y + k - 1 are in k banks; the words are turned back
    so that lane i has row y + i. Words outside the maps read 0 and are nowhere. A bank has 2^n words for each half, n
    the bits of ceil((h + 2 p) / k) w d: block RAM from some hundred words on, else RAM in LUTs.

    Latency `LATENCY` = 2 cycles, k words a cycle out and one in.

    Parameters
    ----------
    maps : Convolution
    width : int
        Bits of a word, signed.
    tag : int
        Bits of the tag, taken with the first word of a sample.

    Members
    -------
    i_valid : In(1), i : In(signed(width)), i_tag : In(tag), i_ready : Out(1)
        Words of samples in order: row, column, channel.
    y, x : In, channel : In
        Row of lane 0 and column, in padded coordinates.
    o : Out(k words)
    has : Out(1), tag : Out(tag)
        Whether a sample is there, and its tag.
    free : In(1)
        Go on to the next sample.
    empty : Out(1)
        There is no word of any sample.

    Source: TaxoNN, Section IV-A, input/output buffers.
    """

    LATENCY = 2

    def __init__(self, *, maps: Convolution, width: int, tag: int):
        self._maps, self._width = maps, width
        rows, columns = maps.height + 2 * maps.padding, maps.width + 2 * maps.padding
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(signed(width)),
                "i_tag": In(tag),
                "i_ready": Out(1),
                "y": In(range(max(rows - maps.kernel + 1, 2))),
                "x": In(range(max(columns, 2))),
                "channel": In(range(max(maps.channels, 2))),
                "o": Out(data.ArrayLayout(signed(width), maps.kernel)),
                "has": Out(1),
                "tag": Out(tag),
                "free": In(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        maps, k = self._maps, self._maps.kernel
        words = maps.width * maps.channels
        bits = ceil_log2(max(-(-(maps.height + 2 * maps.padding) // k) * words, 2))
        banks = []
        for b in range(k):
            m.submodules[f"bank_{b}"] = bank = shared(
                f"bank_{b}", Scratchpad, depth=2 << bits, shape=signed(self._width)
            )
            banks.append(bank)
        using = self._halves(m)
        self._fill(m, banks, bits, words)

        # Cycle 1: the row of lane 0 in its bank, and the word there.
        lead, base, inside = Signal(range(max(k, 2)), reset_less=True), Signal(bits, reset_less=True), Signal(k)
        row = table(self.y, [y // k * words for y in range(1 << len(self.y))])
        m.d.sync += [
            lead.eq(table(self.y, [y % k for y in range(1 << len(self.y))])),
            base.eq(row + (self.x - maps.padding) * maps.channels + self.channel),
        ]
        first, across = maps.padding, below(self.x, maps.width + maps.padding, maps.padding)
        for i in range(k):
            m.d.sync += inside[i].eq(across & below(self.y, maps.height + first - i, first - i))

        # Cycle 2: read; then turn the banks to their lanes.
        for b, bank in enumerate(banks):
            address = Signal(bits, name=f"address_{b}")
            m.d.comb += [
                address.eq(base + Mux(~below(lead, b + 1), words, 0)),
                bank.read_address.eq(Cat(address, using)),
            ]
        lead_q, inside_q = Signal.like(lead, reset_less=True), Signal.like(inside, reset_less=True)
        m.d.sync += [lead_q.eq(lead), inside_q.eq(inside)]
        for i in range(k):
            turned = Array(banks[(b + i) % k].read_data for b in range(k))[lead_q] if k > 1 else banks[0].read_data
            with m.If(inside_q[i]):
                m.d.comb += self.o[i].eq(turned)
        return m

    def _halves(self, m):
        """Add which half is filled and which used; return the latter."""
        self._filling, using = Signal(name="filling"), Signal(name="using")
        self._begun, self._done = Signal(name="begun"), Signal(name="done")
        full = Array(Signal(name=f"full_{half}") for half in range(2))
        tags = Array(Signal.like(self.tag, name=f"tag_{half}", reset_less=True) for half in range(2))
        m.d.comb += [
            self.i_ready.eq(~full[self._filling]),
            self.has.eq(full[using]),
            self.tag.eq(tags[using]),
            self.empty.eq(~full[0] & ~full[1] & ~self._begun),
        ]
        with m.If(self.free):
            m.d.sync += [full[using].eq(0), using.eq(~using)]
        with m.If(self.i_valid & self.i_ready):
            m.d.sync += self._begun.eq(~self._done)
            with m.If(~self._begun):
                m.d.sync += tags[self._filling].eq(self.i_tag)
            with m.If(self._done):
                m.d.sync += [full[self._filling].eq(1), self._filling.eq(~self._filling)]
        return using

    def _fill(self, m, banks, bits, words):
        """Write the words of a sample, row after row into bank after bank."""
        maps, k = self._maps, self._maps.kernel
        taken, first = self.i_valid & self.i_ready, maps.padding
        counters, done = nest(m, {"row": maps.height, "place": words}, taken)
        m.d.comb += self._done.eq(done)
        row, rows = counters["row"], range(1 << len(counters["row"]))
        address, into = Signal(bits, name="write_address"), Signal(range(max(k, 2)))
        m.d.comb += [
            address.eq(table(row, [(y + first) // k * words for y in rows]) + counters["place"]),
            into.eq(table(row, [(y + first) % k for y in rows])),
        ]
        for b, bank in enumerate(banks):
            m.d.comb += [
                bank.write.eq(taken & (into == b)),
                bank.write_address.eq(Cat(address, self._filling)),
                bank.write_data.eq(self.i),
            ]
