"""Where the walk of a drain job stands: the row group, its first slot, and its rows within the image."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.control import MIXED_PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import GRID_BITS, DrainJob, DrainMode

__all__ = ["Groups", "Runs", "Step"]

#: Port of the groups after all segments.
_REST = 1


class Step(enum.Enum, shape=unsigned(2)):
    """What follows a group."""

    GROUP = 0  #: the next group
    MAP = 1  #: the first group of this image
    IMAGE = 2  #: the first group of the next image


class Runs(wiring.Component):
    """The runs of groups of :attr:`hw.arch.ccore.drain.DrainMode.SEGMENTS`: two segments, and the rest.

    No latency; it stays without `forward`.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    segment : In, as in :class:`hw.arch.ccore.drain.DrainJob`
    clear : In(1), the next group is the first of a job
    forward : In(1), to the next group
    restart : Out(1), the group after this one is the first of a run
    bank : Out(2), port of the run
    """

    def __init__(self, *, config: CCoreConfig):
        job = DrainJob.layout(config).members
        super().__init__(
            {
                "segment": In(job["segment"]),
                "clear": In(1),
                "forward": In(1),
                "restart": Out(1),
                "bank": Out(2),
            }
        )

    def elaborate(self, platform):
        m = Module()
        group = Signal.like(self.segment, init=1)
        ends, first = group == self.segment, self.bank == MIXED_PORTS[1]
        m.d.comb += self.restart.eq(ends & (self.bank != _REST))
        with m.If(self.forward):
            m.d.sync += group.eq(Mux(ends, 1, group + 1))
            with m.If(self.restart):
                m.d.sync += self.bank.eq(Mux(first, MIXED_PORTS[0], _REST))
        with m.If(self.clear):
            m.d.sync += [group.eq(1), self.bank.eq(MIXED_PORTS[1])]
        return m


class Groups(wiring.Component):
    """The current row group of a job, one step a cycle.

    It keeps, for WPU 0 of the group, the rows to the end of the image's results and to the next image, and no number
    of a row: neither multiplier nor divider. A step to the next image that does not `arrive` moves one group on, and is
    to be repeated; it arrives at once if the image begins in this group or in the next one.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    job : In(DrainJob.layout(config))
    clear : In(1)
        Before the first group of the first image, which an IMAGE step reaches.
    go : In(1), step : In(Step)
        What follows; nothing without `go`.
    arrive : Out(1)
        An IMAGE step ends at its image.
    slot, bank : Out
        First slot of the group from the start of its run; port of the run.
    first, done : Out(1)
        First, last group with results of the image.
    short : In(1), mask : Out(wpus)
        WPUs with a result; `short`: the last row has none.

    Source: architecture.md Section 3 (rows are numbered over the flattened image and row).
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        super().__init__(
            {
                "job": In(DrainJob.layout(config)),
                "clear": In(1),
                "go": In(1),
                "step": In(Step),
                "arrive": Out(1),
                "slot": Out(config.psum_address_bits + 2),
                "bank": Out(2),
                "first": Out(1),
                "done": Out(1),
                "short": In(1),
                "mask": Out(config.array.wpus),
            }
        )

    def elaborate(self, platform):
        m = Module()
        wpus, job = self._config.array.wpus, self.job
        # Rows from WPU 0 to the end of the results and to the next image; WPUs before the first row of the image.
        left, ahead = (Signal(GRID_BITS + 1, name=name, reset_less=True) for name in ("left", "ahead"))
        before, map_before = (Signal(range(wpus), name=name, reset_less=True) for name in ("before", "map_before"))
        map_slot, next_slot = (Signal.like(self.slot, name=name) for name in ("map_slot", "next_slot"))
        m.submodules.runs = runs = Runs(config=self._config)

        # The next image starts in this group, in the next one or further on.
        other, image, back = ahead >= wpus, self.step == Step.IMAGE, self.step == Step.MAP
        forward, start = Signal(), Signal.like(before)
        restart = runs.restart & (job.mode == DrainMode.SEGMENTS)
        m.d.comb += [
            forward.eq((self.step == Step.GROUP) | (image & other)),
            self.arrive.eq(image & (ahead < 2 * wpus)),
            start.eq(Mux(back, map_before, Mux(other, ahead - wpus, ahead))),
            next_slot.eq(Mux(back, map_slot, Mux(forward, Mux(restart, 0, self.slot + job.columns), self.slot))),
            self.done.eq(left <= wpus),
            self.mask.eq(Cat((before <= w) & Mux(self.short, left > w + 1, left > w) for w in range(wpus))),
            runs.segment.eq(job.segment),
            runs.clear.eq(self.clear),
            runs.forward.eq(self.go & forward),
            self.bank.eq(runs.bank),
        ]

        with m.If(self.go):
            m.d.sync += self.slot.eq(next_slot)
            with m.If(self.arrive | back):
                m.d.sync += [before.eq(start), left.eq(job.rows + start), ahead.eq(job.pitch + start), self.first.eq(1)]
            with m.Else():
                m.d.sync += [before.eq(0), left.eq(left - wpus), ahead.eq(ahead - wpus), self.first.eq(0)]
            with m.If(self.arrive):
                m.d.sync += [map_before.eq(start), map_slot.eq(next_slot)]
        with m.If(self.clear):
            m.d.sync += [self.slot.eq(0), ahead.eq(0)]
        return m
