"""Rounding noise of one class of elements of a layer."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.taxonn.config import NOISE_BITS
from hw.arith.hash32 import Hash32
from hw.lib.shared import shared

__all__ = ["Noise"]


class Noise(wiring.Component):
    """noise = H(step << 14 | class << 12 | element, key, 8)[7:0], elements 0 .. count-1 of steps 0, 1, 2, ..

    Runs ahead: `noise` is that of the next element while `valid`; `take` goes on to the next. One element a
    cycle, without a gap once `valid`, which takes 8 cycles after `restart` is over.

    Parameters
    ----------
    kind : int
        Class of the elements.
    count : int
        Elements a step, 1 to 8192; element 4096 has the noise of 0, and so on.

    Members
    -------
    key : In(64)
        Key of the layer; a change needs a restart.
    restart : In(1)
        Begin anew with element 0 of step 0; must be high for 8 cycles.
    valid : Out(1), noise : Out(8), take : In(1)

    Source: :mod:`sim.golden.taxonn.noise`, numerics.md Section 2.
    """

    def __init__(self, *, kind: int, count: int):
        self._kind, self._count = kind, count
        super().__init__({"key": In(64), "restart": In(1), "valid": Out(1), "noise": Out(NOISE_BITS), "take": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.hash = hash32 = shared("hash", Hash32, rounds=NOISE_ROUNDS)
        element, step = Signal(13), Signal(18)
        m.d.comb += [
            hash32.key.eq(self.key),
            hash32.i.payload.eq(Cat(element[:12], Const(self._kind, 2), step)),
            hash32.i.valid.eq(~self.restart),
            hash32.o.ready.eq(self.take | self.restart),
            self.valid.eq(hash32.o.valid & ~self.restart),
            self.noise.eq(hash32.o.payload),
        ]
        with m.If(self.restart):
            m.d.sync += [element.eq(0), step.eq(0)]
        with m.Elif(hash32.i.ready):
            m.d.sync += element.eq(element + 1)
            with m.If(element == self._count - 1):
                m.d.sync += [element.eq(0), step.eq(step + 1)]
        return m
