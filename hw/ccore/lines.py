"""The walk of a drain job over images, taps, row groups and output rows."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.array.control import TAP_PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import GRID_BITS, DrainJob, DrainMode
from hw.lib.multiplex import choose

from .groups import Groups, Step

__all__ = ["Lines", "line_layout"]


def line_layout(config: CCoreConfig) -> data.StructLayout:
    """A run of beats along the columns of a row group.

    slot : number of the first slot, from the start of its ports
    count : slots
    dense : the port is slot mod 4, the address slot div 4; else the address is the slot
    more : beats a slot, less one
    banks : port of each beat of a slot
    odd_columns : the last slot has only the first of its two beats
    half, mask : of all beats
    first : the first beat has `first`
    final, last : the final beat is that of the job; it has `last`
    """
    address = config.psum_address_bits
    flags = dict.fromkeys(("half", "first", "final", "last"), unsigned(1))
    return data.StructLayout(
        {
            "slot": unsigned(address + 2),
            "count": unsigned(max(GRID_BITS, address + 1)),
            "dense": unsigned(1),
            "more": unsigned(2),
            "banks": data.ArrayLayout(2, TAPS),
            "odd_columns": unsigned(1),
            "mask": unsigned(config.array.wpus),
            **flags,
        }
    )


class Lines(wiring.Component):
    """The lines of a job, in order::

        for image: [TAPS: for tap:] for group with results of the image: [SPLIT: for py:] one line
        GRADIENT: one line

    The first line comes 2 cycles after a job, then one a cycle; to the next image, one cycle more for each whole group
    without results. The next job is taken from the cycle after the last line on.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    i : In(stream.Signature(DrainJob.layout(config)))
    o : Out(stream.Signature(line_layout(config)))
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(DrainJob.layout(config))),
                "o": Out(stream.Signature(line_layout(config))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        job = Signal(self.i.payload.shape(), reset_less=True)
        tap, odd, seeking, taken = Signal(range(TAPS)), Signal(), Signal(), Signal()
        m.submodules.groups = groups = Groups(config=self._config)
        group_done = (job.mode != DrainMode.SPLIT) | odd
        map_done = group_done & groups.done
        again = (job.mode == DrainMode.TAPS) & (tap + 1 != job.taps)
        final = (job.mode == DrainMode.GRADIENT) | (map_done & ~again & (job.images == 1))
        m.d.comb += [
            groups.job.eq(job),
            groups.step.eq(Mux(seeking, Step.IMAGE, Mux(~groups.done, Step.GROUP, Mux(again, Step.MAP, Step.IMAGE)))),
            groups.go.eq(seeking | (taken & group_done)),
            groups.short.eq(odd & job.odd_rows),
        ]
        self._line(m, job, groups, tap, odd, final)

        with m.FSM():
            with m.State("Idle"):
                m.d.comb += [self.i.ready.eq(1), groups.clear.eq(1)]
                m.d.sync += [job.eq(self.i.payload), tap.eq(0), odd.eq(0)]
                with m.If(self.i.valid):
                    m.next = "Seek"
            with m.State("Seek"):
                m.d.comb += seeking.eq(1)
                with m.If(groups.arrive):
                    m.next = "Line"
            with m.State("Line"):
                m.d.comb += [self.o.valid.eq(1), taken.eq(self.o.ready)]
                with m.If(taken):
                    m.d.sync += odd.eq(~group_done)
                with m.If(taken & map_done):
                    m.d.sync += [tap.eq(Mux(again, tap + 1, 0)), job.images.eq(job.images - ~again)]
                with m.If(taken & final):
                    m.next = "Idle"
                with m.Elif(taken & map_done & ~again & ~groups.arrive):
                    m.next = "Seek"
        return m

    def _line(self, m, job, groups, tap, odd, final):
        """Drive the payload from the job and the place of the walk."""
        line, gradient, split = self.o.payload, job.mode == DrainMode.GRADIENT, job.mode == DrainMode.SPLIT
        by_tap = gradient | (job.mode == DrainMode.TAPS)
        ports = [choose(odd, [row[px] for row in job.ports]) for px in (0, 1)]
        tap_port = Array(Const(port, 2) for port in TAP_PORTS)[tap]
        m.d.comb += [
            line.slot.eq(groups.slot),
            line.count.eq(Mux(gradient, job.words, job.columns)),
            line.dense.eq(job.mode == DrainMode.DENSE),
            line.more.eq(Mux(gradient, TAPS - 1, split)),
            line.banks[0].eq(Mux(split, ports[0], Mux(by_tap, tap_port, groups.bank))),
            line.banks[1].eq(Mux(split, ports[1], TAP_PORTS[1])),
            line.banks[2].eq(TAP_PORTS[2]),
            line.odd_columns.eq(split & job.odd_columns),
            line.half.eq(job.half),
            line.mask.eq(groups.mask | gradient.replicate(len(line.mask))),
            line.first.eq(gradient | (groups.first & ~odd)),
            line.final.eq(final),
            line.last.eq(job.last),
        ]
