"""The sequencer: from descriptors to what every part of the C-Core does in each cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.array.control import ArrayControl, Ports
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig, Lanes
from hw.arch.ccore.descriptor import STATUS, WORD_BITS, Error
from hw.arch.ccore.drain import DrainJob
from hw.arch.ccore.inputs import input_control
from hw.arch.ccore.psums import psum_op
from hw.arch.ccore.weights import weight_read
from hw.lib.delay import delayed

from .halves import Halves
from .passes import PassGenerator
from .queue import DescriptorQueue
from .rows import RowTracker
from .slots import SlotEngine

__all__ = ["Sequencer"]

#: Statuses that wait; no descriptor starts while half of them do.
_STATUSES = 16

#: Pixel of each lane, counted back from the newest.
_BACK = {Lanes.CONV: (2, 1, 0), Lanes.SPLIT_ODD: (1, 1, 0), Lanes.SPLIT_EVEN: (1, 0, 0), Lanes.POINT: (1, 1, 1)}


class Sequencer(wiring.Component):
    """Runs descriptors, each m block by m block, c block by c block, window by window, row by row.

    A word of the array is issued in some cycle t. Its outputs come in the cycles that the parameters name, so that what
    belongs together meets in the array and at its ports. Passes, m blocks and descriptors follow each other without a
    bubble if the descriptors are there in time and no half is full.

    Parameters
    ----------
    config : CCoreConfig
    input_latency, weight_latency : int
        Cycles from `inputs` and from `weights` to the array.
    array_latency : int
        Cycles from `control` to the results of cluster 0.

    Members
    -------
    i : In(stream.Signature(32))
        Words of descriptors (:mod:`hw.arch.ccore.descriptor`).
    inputs : Out(input_control(config)), weights : Out(weight_read(config)), control : Out(ArrayControl)
    op : Out(psum_op(config))
        3 cycles before the results of cluster 0.
    job : Out(stream.Signature(DrainJob.layout(config))), done : In(1)
    sums_taken : In(1)
    status : Out(stream.Signature(STATUS))
        One a descriptor, in their order, once what it read may be overwritten; its results may still come.
    busy : Out(1)
        From the cycle after the first word of a descriptor until its status has been taken and all that it gives has
        left.

    Source: ETA, Section IV-B.4; architecture.md Sections 2 to 4.
    """

    def __init__(self, *, config: CCoreConfig, input_latency: int, weight_latency: int, array_latency: int):
        self._config = config
        #: Cycles from a word's issue to the array.
        self.latency = RowTracker.LATENCY + input_latency
        self._weights, self._results = self.latency - weight_latency, self.latency + array_latency
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(WORD_BITS))),
                "inputs": Out(input_control(config)),
                "weights": Out(weight_read(config)),
                "control": Out(ArrayControl),
                "op": Out(psum_op(config)),
                "job": Out(stream.Signature(DrainJob.layout(config))),
                "done": In(1),
                "sums_taken": In(1),
                "status": Out(stream.Signature(STATUS)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.queue = queue = DescriptorQueue(config=config)
        m.submodules.passes = passes = PassGenerator(config=config)
        m.submodules.slots = slots = SlotEngine(config=config)
        m.submodules.rows = rows = RowTracker(config=config)
        m.submodules.halves = halves = Halves(config=config, delay=self._results + config.array.clusters)
        wiring.connect(m, wiring.flipped(self.i), queue.i)
        wiring.connect(m, passes.o, slots.i)
        wiring.connect(m, halves.job, wiring.flipped(self.job))
        room = self._status(m, slots)
        # Descriptors whose first word has been taken, and whose status has not.
        open_ = Signal(range(2 * _STATUSES))
        m.d.sync += open_.eq(open_ + queue.begins - (self.status.valid & self.status.ready))
        m.d.comb += [
            passes.header.eq(queue.header),
            passes.error.eq(queue.error),
            passes.valid.eq(queue.valid),
            passes.entry.eq(queue.entry),
            queue.take.eq(passes.take),
            queue.index.eq(passes.index),
            rows.record.eq(slots.record),
            rows.new.eq(slots.waiting),
            rows.go.eq(slots.go),
            rows.next.eq(slots.row),
            halves.waiting.eq(slots.waiting),
            halves.go.eq(slots.go),
            halves.record.eq(slots.record),
            halves.final.eq(slots.final),
            halves.done.eq(self.done),
            halves.taken.eq(self.sums_taken),
            slots.permit.eq(halves.permit & room),
            self.busy.eq((open_ != 0) | halves.busy),
            self.control.eq(delayed(m, slots.slot.control, self.latency, name="control", reset_less=False)),
        ]
        self._inputs(m, slots, rows)
        self._weights_read(m, slots)
        self._op(m, slots, rows, halves.half)
        return m

    def _status(self, m, slots):
        """Statuses in order; returns whether there is room for more."""
        m.submodules.statuses = fifo = SyncFIFO(width=STATUS.size, depth=_STATUSES)
        ends = Signal()
        now = Signal(STATUS)
        m.d.comb += [
            ends.eq(slots.skip | (slots.final & slots.record.end)),
            now.tag.eq(Mux(slots.skip, slots.waiting.tag, slots.record.tag)),
            now.error.eq(Mux(slots.skip, slots.waiting.error, Error.OK)),
            fifo.w_en.eq(delayed(m, ends, self.latency, name="ends", reset_less=False)),
            fifo.w_data.eq(delayed(m, now, self.latency, name="status")),
            self.status.valid.eq(fifo.r_rdy),
            self.status.payload.eq(fifo.r_data),
            fifo.r_en.eq(self.status.ready),
        ]
        return fifo.level < _STATUSES // 2

    def _inputs(self, m, slots, rows):
        """Reads and lanes of a slot, :attr:`RowTracker.LATENCY` cycles after its issue."""
        config, window, read = self._config, self.inputs.window, self.inputs.read
        kept = {"lanes": slots.record.lanes, "taps": slots.record.taps, "columns": slots.record.read_columns}
        kept = {name: delayed(m, value, 1, name=f"kept_{name}") for name, value in kept.items()}
        newest, push, lead = (delayed(m, slots.slot[name], 1, name=name) for name in ("newest", "push", "lead"))

        def inside(pixel):
            return (pixel >= 0) & (pixel < kept["columns"])

        back = [Signal(name=f"inside_{n}") for n in range(3)]
        m.d.comb += [each.eq(inside(newest - n) & ~lead) for n, each in enumerate(back)]
        with m.Switch(kept["lanes"]):
            for lanes, pixels in _BACK.items():
                with m.Case(lanes):
                    m.d.sync += [window.tap_ok[k].eq(back[pixels[k]] & kept["taps"][k]) for k in range(TAPS)]
        words = config.array.channels // WORD_PIXELS
        for c in range(words * WORD_PIXELS):
            pixel = Signal(signed(len(newest) + 1), name=f"pixel_{c}")
            m.d.comb += pixel.eq(((newest >> 1) << 1) + (WORD_PIXELS + c - words * WORD_PIXELS))
            m.d.sync += window.pixel_ok[c].eq(inside(pixel) & ~lead)
        m.d.sync += [
            window.push.eq(push),
            window.lanes.eq(kept["lanes"]),
            window.odd.eq(newest[0]),
            read.word.eq(newest >> 1),
        ]
        m.d.comb += [window.row_ok.eq(rows.row_ok), read.bank.eq(rows.bank), read.row.eq(rows.address)]

    def _weights_read(self, m, slots):
        slot, read = slots.slot, Signal(weight_read(self._config))
        m.d.comb += [
            read.address.eq(slot.w_address),
            read.turn.eq(slot.w_turn),
            read.transposed.eq(slot.w_transposed),
            read.shuffle.eq(slot.w_shuffle),
            read.column.eq(slot.column),
            self.weights.eq(delayed(m, read, self._weights, name="weights")),
        ]

    def _op(self, m, slots, rows, half):
        """What the partial sums do with a word's results."""
        slot, record = slots.slot, slots.record
        taken = slot.control.valid & (record.sum != 0)
        op, delay = Signal(psum_op(self._config)), self._results - 3
        m.d.comb += [
            op.half.eq(half),
            op.address.eq(slot.address),
            op.address_inner.eq(slot.shared_address),
            op.start.eq(slot.start),
            op.write.eq(slot.write),
            op.sum.eq(taken),
            op.sum_port.eq(Mux(record.sum[2], record.sum[:2], slot.port)),
            op.active.eq(self._config.array.clusters),
        ]
        wpus = self._config.array.wpus
        # Rows do not tell which gradients count: all do.
        flags = _signal(m, Cat(slot.row_end & taken, slot.control.ports == Ports.GRADIENT), "flags")
        ends, gradient = delayed(m, flags, RowTracker.LATENCY, name="flags", reset_less=False)
        late = Cat(rows.live | gradient.replicate(wpus), rows.flush & ends.replicate(wpus), rows.final)
        late = delayed(m, _signal(m, late, "late"), delay - RowTracker.LATENCY, name="late", reset_less=False)
        m.d.comb += [
            self.op.eq(delayed(m, op, delay, name="op", reset_less=False)),
            self.op.live.eq(late[:wpus]),
            self.op.flush.eq(late[wpus : 2 * wpus]),
            self.op.final.eq(late[2 * wpus :]),
        ]


def _signal(m, value, name):
    """A value by its name."""
    signal = Signal(len(value), name=name)
    m.d.comb += signal.eq(value)
    return signal
