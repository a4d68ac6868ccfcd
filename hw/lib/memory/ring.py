"""A short memory that delays words until they are wanted: the only file of the A-Core that makes one of LUTs."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["DEPTH", "Ring"]

#: Words under way at most.
DEPTH = 32


class Ring(wiring.Component):
    """32 words, written in a cycle and read at once.

    Read latency 0. A read of the word that is written in the same cycle gives the old one.

    Parameters
    ----------
    width : int
        Bits of a word.

    Members
    -------
    write : In(1)
    write_address, write_data : In
    read_address : In(range(32))
    read_data : Out(width)
    """

    LATENCY = 0

    def __init__(self, *, width: int):
        self._width = width
        super().__init__(
            {
                "write": In(1),
                "write_address": In(range(DEPTH)),
                "write_data": In(width),
                "read_address": In(range(DEPTH)),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=self._width, depth=DEPTH, init=[])
        write, read = memory.write_port(), memory.read_port(domain="comb")
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
        ]
        return m
