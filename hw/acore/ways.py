"""Steps of the element indices of an APU's lanes."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.lib.bits import plus

__all__ = ["IndexStep", "Ways"]


class IndexStep(enum.Enum, shape=unsigned(2)):
    """How far an index moves in a cycle."""

    START = 0  #: to the first element of the map
    STRIDE = 1  #: to the next lane's element
    STEP = 2  #: to the lane's next element


class Ways(wiring.Component):
    """The distance of an index step: index, stride, or lanes * stride, in one adder.

    One operand is the stride, or 0 for a start; the other is what lacks: the index, 0, or (lanes - 1) * stride.

    Latency 1 cycle.

    Parameters
    ----------
    lanes : int

    Members
    -------
    way : In(IndexStep)
        START for two cycles at least before `launch`.
    launch : In(1)
        The last cycle of START.
    index, stride : In(32)
    move : Out(32)
    """

    def __init__(self, *, lanes: int):
        self._lanes = lanes
        super().__init__({"way": In(IndexStep), "launch": In(1), "index": In(32), "stride": In(32), "move": Out(32)})

    def elaborate(self, platform):
        m = Module()
        near, move = (Signal(32, name=name, reset_less=True) for name in ("near", "move_q1"))
        rest, more = self._lanes - 1, Signal(32)
        m.d.comb += self.move.eq(move)
        lacking = sum((self.stride << n for n in range(rest.bit_length()) if rest >> n & 1), start=0)
        with m.Switch(self.way):
            with m.Case(IndexStep.START):
                m.d.comb += more.eq(self.index)
            with m.Case(IndexStep.STEP):
                m.d.comb += more.eq(lacking)
        m.d.sync += [
            near.eq(Mux((self.way == IndexStep.START) & ~self.launch, 0, self.stride)),
            move.eq(plus(near, more)),
        ]
        return m
