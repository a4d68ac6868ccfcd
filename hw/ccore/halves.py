"""The two halves of the partial sums: which one the array fills, and the drain's jobs."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import DrainJob
from hw.lib.delay import delayed

from .record import record_layout, sums_bits

__all__ = ["Halves"]


class Halves(wiring.Component):
    """Goes on to the other half after each drained block, once that half has been drained.

    A job is given `delay` cycles after the last word of its block. A block whose sums of |x| might not find room
    waits until they do.

    Parameters
    ----------
    config : CCoreConfig
    delay : int
        Cycles from the last word of a pass to the last write of its results.

    Members
    -------
    waiting : In(record_layout(config)), go : In(1), permit : Out(1)
        The pass that starts next; it may.
    record : In(record_layout(config)), final : In(1)
        The pass that runs, and its last cycle.
    half : Out(1)
        That of this cycle's word.
    job : Out(stream.Signature(DrainJob.layout(config)))
    done : In(1)
        The drain has finished a job.
    taken : In(1)
        Sums of |x| of a map have been taken.
    busy : Out(1)
        A half waits to be drained, or sums of |x| to be taken.

    Source: architecture.md Section 4 (partial sums, ping-pong).
    """

    def __init__(self, *, config: CCoreConfig, delay: int):
        self._config, self._delay = config, delay
        record = record_layout(config)
        super().__init__(
            {
                "waiting": In(record),
                "go": In(1),
                "permit": Out(1),
                "record": In(record),
                "final": In(1),
                "half": Out(1),
                "job": Out(stream.Signature(DrainJob.layout(config))),
                "done": In(1),
                "taken": In(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        full = [Signal(name=f"full_{half}") for half in (0, 1)]
        ready = [Signal(name=f"ready_{half}") for half in (0, 1)]
        jobs = [Signal(DrainJob.layout(self._config), name=f"job_{half}", reset_less=True) for half in (0, 1)]
        giving, draining, following = Signal(), Signal(), Signal()
        sums = Signal(sums_bits(self._config))  # promised and not yet taken
        total = Signal(bits_for(2 * self._config.images))
        leaves = self.final & self.record.drains
        begins = self.go & self.waiting.begins
        m.d.comb += [
            following.eq(self.half ^ leaves),
            total.eq(sums + self.waiting.sums),
            self.permit.eq(~self.waiting.begins | (~Mux(following, full[1], full[0]) & (total <= self._config.images))),
            self.job.valid.eq(Mux(giving, ready[1], ready[0])),
            self.job.payload.eq(Mux(giving, jobs[1], jobs[0])),
            self.busy.eq(full[0] | full[1] | (sums != 0)),
        ]
        m.d.sync += [self.half.eq(following), sums.eq(Mux(begins, total, sums) - self.taken)]
        for half in (0, 1):
            mine = Signal(name=f"leaves_{half}")
            m.d.comb += mine.eq(leaves & (self.half == half))
            with m.If(mine):
                m.d.sync += [full[half].eq(1), jobs[half].eq(self.record.job), jobs[half].half.eq(half)]
            with m.Elif(self.done & (draining == half)):
                m.d.sync += full[half].eq(0)
            with m.If(delayed(m, mine, self._delay, name=f"leaves_{half}", reset_less=False)):
                m.d.sync += ready[half].eq(1)
            with m.Elif(self.job.ready & (giving == half)):
                m.d.sync += ready[half].eq(0)
        with m.If(self.job.valid & self.job.ready):
            m.d.sync += giving.eq(~giving)
        with m.If(self.done):
            m.d.sync += draining.eq(~draining)
        return m
