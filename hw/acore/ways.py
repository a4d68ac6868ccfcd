"""What the indices of an APU's lanes move by."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.lib.bits import plus

__all__ = ["Way", "Ways"]


class Way(enum.Enum, shape=unsigned(2)):
    """What an index moves by."""

    START = 0  #: to the first element of the map
    STRIDE = 1  #: to the next lane's element
    STEP = 2  #: to the lane's next element


class Ways(wiring.Component):
    """index, stride, or lanes * stride, in one adder: the stride, 0 for a start, and what lacks.

    Latency 1 cycle.

    Parameters
    ----------
    lanes : int

    Members
    -------
    way : In(Way)
        START for two cycles at least before `launch`.
    launch : In(1)
        The last cycle of START.
    index, stride : In(32)
    move : Out(32)
    """

    def __init__(self, *, lanes: int):
        self._lanes = lanes
        super().__init__({"way": In(Way), "launch": In(1), "index": In(32), "stride": In(32), "move": Out(32)})

    def elaborate(self, platform):
        m = Module()
        near, move = (Signal(32, name=name, reset_less=True) for name in ("near", "move_q1"))
        rest, more = self._lanes - 1, Signal(32)
        m.d.comb += self.move.eq(move)
        lacking = sum((self.stride << n for n in range(rest.bit_length()) if rest >> n & 1), start=0)
        with m.Switch(self.way):
            with m.Case(Way.START):
                m.d.comb += more.eq(self.index)
            with m.Case(Way.STEP):
                m.d.comb += more.eq(lacking)
        m.d.sync += [
            near.eq(Mux((self.way == Way.START) & ~self.launch, 0, self.stride)),
            move.eq(plus(near, more)),
        ]
        return m
