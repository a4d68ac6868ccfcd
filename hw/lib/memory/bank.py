"""Memory of the C-Core: the only file that makes one."""

from amaranth.hdl import Module, Shape
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["Bank"]


class Bank(wiring.Component):
    """Words in block RAM, with one write port and one read port::

        read_data(t + 1) = read(t) ? memory(t)[read_address(t)] : read_data(t)

    Latency 1 cycle, one read and one write a cycle; `read_data` stays while `read` is low. A read of the word that is
    written in the same cycle gives the old one. Content and `read_data` have no reset.

    Parameters
    ----------
    depth : int
        Words, at least 2.
    shape : ShapeLike
        Of a word.

    Members
    -------
    write : In(1), write_address : In(range(depth)), write_data : In(shape)
    read : In(1), read_address : In(range(depth))
    read_data : Out(shape)

    Raises
    ------
    ValueError
        If the depth is less than 2.
    """

    LATENCY = 1

    def __init__(self, *, depth: int, shape):
        if depth < 2:
            raise ValueError(f"Words of a bank must be at least 2, not {depth}")
        self._depth, self._shape = depth, shape
        super().__init__(
            {
                "write": In(1),
                "write_address": In(range(depth)),
                "write_data": In(shape),
                "read": In(1),
                "read_address": In(range(depth)),
                "read_data": Out(shape),
            }
        )

    def elaborate(self, platform):
        m = Module()
        memory = Memory(shape=Shape.cast(self._shape), depth=self._depth, init=[], attrs={"ram_style": "block"})
        m.submodules.memory = memory
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.en.eq(self.read),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
        ]
        return m
