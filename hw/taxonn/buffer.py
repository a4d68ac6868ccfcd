"""The double-buffered input of a layer."""

from amaranth.hdl import Array, Cat, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.lib.memory.scratchpad import Scratchpad

__all__ = ["DoubleBuffer"]


class DoubleBuffer(wiring.Component):
    """Two samples of `count` words: one is filled while the other is used, which may start before it is full.

    Read latency 1 cycle, one word a cycle in and out.

    Parameters
    ----------
    count : int
        Words of a sample.
    width : int
        Bits of a word, signed.
    tag : int
        Bits of the tag, taken with the first word of a sample.

    Members
    -------
    i_valid : In(1), i : In(signed(width)), i_tag : In(tag), i_ready : Out(1)
        Words of samples in order.
    index : In(range(count)), has : Out(1), o : Out(signed(width))
        Whether the sample in use has that word yet, and the word of the cycle before.
    tag : Out(tag)
        Of the sample in use, once it has a word.
    free : In(1)
        Go on to the next sample.
    empty : Out(1)
        There is no word of any sample.

    Source: TaxoNN, Section IV-A, input/output buffers.
    """

    LATENCY = Scratchpad.LATENCY

    def __init__(self, *, count: int, width: int, tag: int):
        self._count, self._width = count, width
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(signed(width)),
                "i_tag": In(tag),
                "i_ready": Out(1),
                "index": In(range(max(count, 2))),
                "has": Out(1),
                "o": Out(signed(width)),
                "tag": Out(tag),
                "free": In(1),
                "empty": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = max(ceil_log2(self._count), 1)
        m.submodules.words = words = Scratchpad(depth=2 << bits, shape=signed(self._width))
        place = Signal(bits)
        filling, using = Signal(), Signal()
        full = Array(Signal(name=f"full_{half}") for half in range(2))
        tags = Array(Signal.like(self.tag, name=f"tag_{half}", reset_less=True) for half in range(2))
        taken = self.i_valid & self.i_ready
        m.d.comb += [
            self.i_ready.eq(~full[filling]),
            words.write.eq(taken),
            words.write_address.eq(Cat(place, filling)),
            words.write_data.eq(self.i),
            words.read_address.eq(Cat(self.index[:bits], using)),
            self.o.eq(words.read_data),
            self.has.eq(full[using] | ((filling == using) & (place > self.index))),
            self.tag.eq(tags[using]),
            self.empty.eq(~full[0] & ~full[1] & (place == 0)),
        ]
        with m.If(self.free):
            m.d.sync += [full[using].eq(0), using.eq(~using)]
        with m.If(taken):
            m.d.sync += place.eq(place + 1)
            with m.If(place == 0):
                m.d.sync += tags[filling].eq(self.i_tag)
            with m.If(place == self._count - 1):
                m.d.sync += [place.eq(0), full[filling].eq(1), filling.eq(~filling)]
        return m
