"""Memories of TaxoNN: the only file that makes them."""

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["Rom", "Scratchpad"]


class Scratchpad(wiring.Component):
    """Words with one write port and one read port.

    Read latency 1 cycle, one read and one write a cycle; a read of the word that is written gives the old one.

    Parameters
    ----------
    depth : int
        Words, at least 1.
    shape : ShapeLike
        Of a word.

    Members
    -------
    write : In(1)
    write_address, write_data : In
    read_address : In
    read_data : Out
        The word at the address of the cycle before.
    """

    LATENCY = 1

    def __init__(self, *, depth: int, shape):
        self._depth, self._shape = max(depth, 2), Shape.cast(shape)
        super().__init__(
            {
                "write": In(1),
                "write_address": In(range(self._depth)),
                "write_data": In(self._shape),
                "read_address": In(range(self._depth)),
                "read_data": Out(self._shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=self._shape, depth=self._depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.en.eq(1),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
        ]
        return m


class Rom(wiring.Component):
    """A table, read latency 1 cycle.

    Parameters
    ----------
    words : tuple of int
        Its content.
    shape : ShapeLike
        Of a word.

    Members
    -------
    address : In
    data : Out
        The word at the address of the cycle before.
    """

    LATENCY = 1

    def __init__(self, *, words: tuple[int, ...], shape):
        self._words, self._shape = words, Shape.cast(shape)
        super().__init__({"address": In(range(len(words))), "data": Out(self._shape)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=self._shape, depth=len(self._words), init=self._words)
        read = memory.read_port()
        m.d.comb += [read.en.eq(1), read.addr.eq(self.address), self.data.eq(read.data)]
        return m
