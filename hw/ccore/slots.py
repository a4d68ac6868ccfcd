"""The slot engine: runs passes slot by slot, without a bubble between them."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.array.control import PORTS, ArrayControl, Head, Op, Ports
from hw.arch.ccore.config import LOOP, CCoreConfig, Shuffle
from hw.arch.ccore.descriptor import Error
from hw.lib.delay import delayed

from .loader import WeightLoader
from .record import record_layout

__all__ = ["SlotEngine", "slot_layout"]


def slot_layout(config: CCoreConfig) -> data.StructLayout:
    """What is known of a cycle when it is issued.

    control : of the array
    newest, push, lead : of the window; row_end : last slot of a row
    write, start : ports; address, shared_address : partial sums; port : that of the slot, where they are spread
    w_address, w_turn, w_transposed, w_shuffle, column : read of the weight buffer
    """
    psum, weight = unsigned(config.psum_address_bits), unsigned(config.weight_address_bits)
    return data.StructLayout(
        {
            "control": ArrayControl,
            "newest": signed(14),
            "push": 1,
            "lead": 1,
            "row_end": 1,
            "write": unsigned(PORTS),
            "start": unsigned(PORTS),
            "port": unsigned(2),
            "address": psum,
            "shared_address": psum,
            "w_address": weight,
            "w_turn": range(max(config.array.clusters, 2)),
            "w_transposed": 1,
            "w_shuffle": Shuffle,
            "column": range(TAPS),
        }
    )


class SlotEngine(wiring.Component):
    """From passes to slots, one a cycle.

    A pass starts in the cycle after the last one of the pass before, if its weights are there (loaded since the start
    of that pass), if :data:`hw.arch.ccore.config.LOOP` cycles have gone since that start, and if `permit` is given.
    Weight stationary: each row takes `lead` slots that fill the window, and one for each column. Output stationary:
    the same, then `channels` * `beats` - 1 cycles in which the gradients leave.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    i : In(stream.Signature(record_layout(config)))
    waiting : Out(record_layout(config)), permit : In(1)
        The pass that starts next, and whether it may.
    go : Out(1)
        The waiting pass starts with the next cycle.
    record : Out(record_layout(config)), slot : Out(slot_layout(config)), row : Out(1)
        The pass and slot of this cycle; whether the next row group begins with the next cycle.
    final : Out(1)
        Last cycle of the pass.
    skip : Out(1)
        The waiting record is that of a wrong descriptor, and goes now.

    Source: architecture.md Sections 2 and 3.
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        record = record_layout(config)
        super().__init__(
            {
                "i": In(stream.Signature(record)),
                "waiting": Out(record),
                "permit": In(1),
                "go": Out(1),
                "record": Out(record),
                "slot": Out(slot_layout(config)),
                "row": Out(1),
                "final": Out(1),
                "skip": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.loader = loader = WeightLoader(config=self._config)
        record, slot = self.record, self.slot
        running, tail, last_slot = Signal(), Signal(), Signal()
        self._waiting(m, loader, running, tail, last_slot)
        with m.If(self.go):
            m.d.sync += [record.eq(self.waiting), running.eq(1), tail.eq(0)]
        with m.Elif(self.final):
            m.d.sync += [running.eq(0), tail.eq(0)]
        first = delayed(m, self.go, 1, name="go", reset_less=False)

        streaming = running & ~tail
        self._walk(m, streaming, last_slot)
        words = self._tail(m, running, tail, last_slot)
        leaving = tail | (streaming & last_slot & record.gradient)
        slots = streaming & ~slot.lead
        control = slot.control
        m.d.comb += [
            self.final.eq(running & Mux(record.gradient, leaving & words, last_slot)),
            control.load_first.eq(loader.first),
            control.load_last.eq(loader.last),
            control.swap.eq(first & ~record.gradient),
            control.valid.eq(Mux(record.gradient, leaving, slots)),
            control.ports.eq(Mux(record.gradient, Ports.GRADIENT, record.ports)),
        ]
        with m.If(streaming):
            gradient = Mux(first, Op.START, Op.ACCUMULATE)
            m.d.comb += control.op.eq(Mux(record.gradient, gradient, Op.CASCADE))
            with m.If(record.gradient):
                m.d.comb += control.head.eq(Mux(record.point, Head.ERROR_TAP, Head.ERROR_ROW))
        self._psums(m)
        self._weights(m, loader, slots)
        return m

    def _waiting(self, m, loader, running, tail, last_slot):
        """The pass that waits, its weights, and when it starts."""
        waiting, valid, pending, wrong = self.waiting, Signal(), Signal(), Signal()
        age = Signal(range(LOOP))  # cycles since the last start
        streams_on = running & self.record.gradient & ~tail & ~last_slot
        load = pending & loader.free & ~streams_on
        loaded = ~pending & loader.ends
        m.d.comb += [
            wrong.eq(valid & (waiting.error != Error.OK)),
            self.go.eq(
                valid & ~wrong & (~running | self.final) & (age == LOOP - 1) & (waiting.gradient | loaded) & self.permit
            ),
            # Not in the last cycle of a pass, which has a status of its own.
            self.skip.eq(wrong & ~running & self.permit),
            self.i.ready.eq(~valid | self.go | self.skip),
            loader.go.eq(load),
            loader.address.eq(waiting.w_address),
            loader.pitch.eq(waiting.w_pitch),
            loader.turn.eq(waiting.w_turn),
            loader.transposed.eq(waiting.transposed),
            loader.shuffle.eq(waiting.shuffle),
        ]
        with m.If(self.go):
            m.d.sync += age.eq(0)
        with m.Elif(age != LOOP - 1):
            m.d.sync += age.eq(age + 1)
        with m.If(load):
            m.d.sync += pending.eq(0)
        with m.If(self.i.ready):
            incoming = self.i.payload
            m.d.sync += valid.eq(self.i.valid)
            with m.If(self.i.valid):
                m.d.sync += [waiting.eq(incoming), pending.eq(~incoming.gradient & (incoming.error == Error.OK))]

    def _walk(self, m, streaming, last_slot):
        """Rows of slots: the newest pixel, and the ends of rows and of the pass."""
        record, slot, new = self.record, self.slot, self.waiting
        lead, column, group = Signal(4), Signal(12), Signal(14)
        newest = Signal.like(slot.newest, name="newest", reset_less=True)
        row_end = (lead == 0) & (column == record.columns - 1)
        m.d.comb += [
            slot.lead.eq(lead != 0),
            slot.newest.eq(newest),
            slot.row_end.eq(row_end & streaming),
            slot.push.eq(slot.lead | (column == 0) | record.stride2 | ~newest[0]),
            self.row.eq(slot.row_end),
            last_slot.eq(row_end & (group == record.row_groups - 1)),
        ]
        with m.If(streaming):
            with m.If(slot.lead):
                m.d.sync += [lead.eq(lead - 1), newest.eq(newest + 2)]
            with m.Else():
                m.d.sync += [column.eq(column + 1), newest.eq(newest + Mux(record.stride2, 2, 1))]
            with m.If(row_end):
                m.d.sync += [group.eq(group + 1), column.eq(0), lead.eq(record.lead), newest.eq(record.newest)]
        with m.If(self.go):
            m.d.sync += [group.eq(0), column.eq(0), lead.eq(new.lead), newest.eq(new.newest)]

    def _tail(self, m, running, tail, last_slot):
        """Words of a gradient pass: beat and drain; returns whether this is the last word."""
        array, control = self._config.array, self.slot.control
        words = array.channels * array.beats
        number, beat = Signal(range(words)), Signal(range(max(array.beats, 2)))
        first = running & ~tail & last_slot & self.record.gradient
        with m.If(first | tail):
            m.d.sync += [number.eq(number + 1), beat.eq(beat + 1), tail.eq(1)]
            with m.If(beat == array.beats - 1):
                m.d.sync += beat.eq(0)
            with m.If(number == words - 1):
                m.d.sync += [number.eq(0), tail.eq(0)]
        m.d.comb += control.beat.eq(beat)
        if array.channels > 1:
            # Shifts begin when all columns have their last sums.
            left, phase = Signal(range(array.channels)), Signal(range(max(array.beats, 2)))
            shift = (left != 0) & (phase == array.beats - 1)
            m.d.comb += [control.drain.eq(shift), control.drain_first.eq(shift & (left == array.channels - 1))]
            m.d.sync += phase.eq(Mux(shift, 0, phase + 1))
            with m.If(shift):
                m.d.sync += left.eq(left - 1)
            with m.If(delayed(m, first, array.channels - 1, name="last_slot", reset_less=False)):
                m.d.sync += [left.eq(array.channels - 1), phase.eq(0)]
        return number == words - 1

    def _psums(self, m):
        """Partial sums of the slot."""
        record, slot, new = self.record, self.slot, self.waiting
        port = Signal(2, reset_less=True)
        address, shared = (Signal.like(slot.address, name=name, reset_less=True) for name in ("address", "shared"))
        with m.If(slot.control.valid):
            m.d.sync += [port.eq(port + 1), shared.eq(shared + 1)]
            with m.If(~record.spread | record.gradient | (port == PORTS - 1)):
                m.d.sync += address.eq(address + 1)
        with m.If(self.go):
            m.d.sync += [port.eq(0), address.eq(new.psum), shared.eq(new.shared_psum)]
        write = Mux(record.spread, 1 << port, record.write)
        inner = Mux(record.ports == Ports.MIXED, shared, address)
        m.d.comb += [
            slot.port.eq(port),
            slot.address.eq(address),
            slot.shared_address.eq(Mux(record.gradient, address, inner)),
            slot.write.eq(Mux(slot.control.valid, write, 0)),
            slot.start.eq(record.start),
        ]

    def _weights(self, m, loader, slots):
        """The read of the weight buffer: a column of weights, or the errors of a slot."""
        record, slot, new = self.record, self.slot, self.waiting
        address, column = Signal.like(slot.w_address, reset_less=True), Signal(range(TAPS))
        with m.If(slots & record.gradient):
            with m.If(record.point):
                m.d.sync += address.eq(address + 1)
            with m.Elif(column == TAPS - 1):
                m.d.sync += [column.eq(0), address.eq(address + 1)]
            with m.Else():
                m.d.sync += column.eq(column + 1)
        with m.If(self.go):
            m.d.sync += [column.eq(0), address.eq(new.w_address)]
        m.d.comb += [
            slot.w_address.eq(address),
            slot.column.eq(column),
        ]
        with m.If(loader.active):
            m.d.comb += [
                slot.w_address.eq(loader.read_address),
                slot.w_turn.eq(loader.read_turn),
                slot.w_transposed.eq(loader.read_transposed),
                slot.w_shuffle.eq(loader.read_shuffle),
                slot.column.eq(0),
            ]
        with m.Else():
            m.d.comb += [slot.w_shuffle.eq(0), slot.w_turn.eq(0), slot.w_transposed.eq(0)]
