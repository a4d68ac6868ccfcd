"""The noise of weight updates, on a bus to all PEs of a layer."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import NOISE_BITS, WEIGHT
from hw.lib.shared import shared

from .noise import Noise

__all__ = ["WeightNoise"]


class WeightNoise(wiring.Component):
    """Element 0 two cycles after the first `update` of a step, then an element a cycle.

    Column j of PE r has element r + j, for it is updated r + j cycles after the first one; so the bus goes on after the
    last `update`, until all PEs have updated all columns.

    Parameters
    ----------
    count : int
        Elements a step: the words of a PE, its bias included, and the other PEs.

    Members
    -------
    key : In(64), restart : In(1)
        As of :class:`.noise.Noise`.
    update : In(1)
        PE 0 gets an UPDATE; without a gap in a step.
    noise : Out(8)

    Source: :mod:`sim.golden.taxonn.noise`.
    """

    def __init__(self, *, count: int):
        self._count = count
        super().__init__({"key": In(64), "restart": In(1), "update": In(1), "noise": Out(NOISE_BITS)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.elements = noise = shared("elements", Noise, kind=WEIGHT, count=self._count)
        update, place = Signal(), Signal(range(self._count))
        m.d.comb += [
            noise.key.eq(self.key),
            noise.restart.eq(self.restart),
            noise.take.eq(update | (place != 0)),
        ]
        m.d.sync += [update.eq(self.update), self.noise.eq(noise.noise)]
        with m.If(self.restart):
            m.d.sync += place.eq(0)
        with m.Elif(noise.take):
            m.d.sync += place.eq(Mux(place == self._count - 1, 0, place + 1))
        return m
