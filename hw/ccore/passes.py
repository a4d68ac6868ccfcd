"""The pass generator: walks a descriptor's loop nest and works out where each pass begins."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.control import TAP_PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import HEADER, MAX_ENTRIES, Code, Error, entry_word
from hw.lib.modulo import add_modulo

from .record import ENTRY_FIELDS, HEADER_FIELDS, record_layout

__all__ = ["PassGenerator"]


class PassGenerator(wiring.Component):
    """Records of passes, m block by m block, c block by c block, entry by entry; one record for a wrong descriptor.

    A record in :attr:`PERIOD` cycles; an idle entry outside of the last c block costs 2 more.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    header, error, valid, take, index, entry
        Those of :class:`hw.ccore.queue.DescriptorQueue`.
    o : Out(stream.Signature(record_layout(config)))

    Source: architecture.md Sections 3 and 4 (loop order).
    """

    #: Cycles from a record to the next.
    PERIOD = 3

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        super().__init__(
            {
                "header": In(HEADER),
                "error": In(Error),
                "valid": In(1),
                "take": Out(1),
                "index": Out(range(MAX_ENTRIES)),
                "entry": In(entry_word(config.array.rows)),
                "o": Out(stream.Signature(record_layout(config))),
            }
        )

    def _kinds(self, m, header):
        """(gradient, point, transposed) of the pattern."""
        kinds = [Signal(name=name) for name in ("gradient", "point", "transposed")]
        rules = (lambda n: n.startswith("WG"), lambda n: n.endswith("POINT"), lambda n: n.startswith("BP"))
        with m.Switch(header.pattern):
            for code in Code:
                with m.Case(code.value):
                    m.d.comb += [kind.eq(rule(code.name)) for kind, rule in zip(kinds, rules, strict=True)]
        return kinds

    def _channels(self, m, header, point, first, advance, last_c):
        """State of the c loop: address, turn of each row, channel group, and first weight; `first` resets all."""
        config, array = self._config, self._config.array
        step = config.block // array.channels
        address = Signal(config.input_address_bits, name="x_address")
        group, inner = Signal(12, name="group"), Signal(8, name="inner")
        turns = [Signal(range(max(config.banks, 2)), name=f"turn_{r}") for r in range(array.rows)]
        w_line, w_turn = Signal(config.weight_address_bits), Signal(range(max(array.clusters, 2)))
        outer = inner == header.c_inner - 1
        turn = Mux(outer, header.turn_outer, header.turn_group)
        transposed = Signal()
        with m.Switch(header.pattern), m.Case(*(code.value for code in Code if code.name.startswith("BP"))):
            m.d.comb += transposed.eq(1)
        rest, wraps = add_modulo(m, w_turn, array.channels % array.clusters, array.clusters, name="next_w_turn")
        block = header.w_block + Mux(wraps, header.w_pitch, 0)
        with m.If(advance):
            jump = (config.blocks - 1) * step + 1
            m.d.sync += [
                address.eq(address + Mux(outer, header.x_outer, header.x_group)),
                group.eq(group + Mux(outer & point, jump, 1)),
                inner.eq(Mux(outer, 0, inner + 1)),
                w_turn.eq(rest),
                w_line.eq(w_line + Mux(transposed, block, array.channels)),
            ]
            for r, each in enumerate(turns):
                m.d.sync += each.eq(add_modulo(m, each, turn, config.banks, name=f"next_turn_{r}")[0])
        with m.If(first | (advance & last_c)):
            m.d.sync += [
                address.eq(header.x_base),
                group.eq(0),
                inner.eq(0),
                w_turn.eq((array.channels - 1) % array.clusters),
                w_line.eq(Mux(transposed, header.w_last, array.channels - 1)),
            ]
            for r, each in enumerate(turns):
                own = config.turn * step * r % config.banks if r < config.blocks else 0
                m.d.sync += each.eq(Mux(point, own, 0))
        return address, turns, group, w_line, w_turn

    def _rows(self, m, record, header, entry, state, point):
        """Bank, address and use of the rows of the array."""
        config = self._config
        address, turns, group, *_ = state
        step = config.block // config.array.channels
        for r, turn in enumerate(turns):
            bank, wraps = add_modulo(m, entry[f"row_{r}_bank"], turn, config.banks, name=f"bank_{r}")
            own = entry[f"row_{r}_address"] + Mux(wraps, header.row_pitch, 0)
            here = Mux(point, group + step * r < header.groups, 1)
            m.d.sync += [
                record.bank[r].eq(bank),
                record.address[r].eq(address + own),
                record.offset[r].eq(entry[f"row_{r}_offset"]),
                record.used[r].eq(entry.rows[r] & here & ~entry.idle),
            ]

    def _job(self, m, record, header, last_m, gradient):
        """The drain's job; its half is set later."""
        job = record.job
        last = gradient | last_m
        m.d.sync += [
            job.mode.eq(header.drain_mode),
            job.images.eq(header.images),
            job.pitch.eq(header.pitch),
            job.rows.eq(header.rows),
            job.columns.eq(header.columns),
            job.odd_rows.eq(header.odd_rows),
            job.odd_columns.eq(header.odd_columns),
            job.ports.eq(header.ports),
            job.segment.eq(header.segment),
            job.taps.eq(Mux(last_m, header.taps_last, header.taps)),
            job.words.eq(header.psums),
            job.last.eq(last),
        ]

    def elaborate(self, platform):
        m = Module()
        config, array = self._config, self._config.array
        header, entry, record = Signal(HEADER, reset_less=True), self.entry, self.o.payload
        number, c, block = Signal(range(MAX_ENTRIES)), Signal(12), Signal(12)
        w_block, psum = Signal(config.weight_address_bits), Signal(config.psum_address_bits)
        last_entry, last_c, last_m = Signal(), Signal(), Signal()
        first, advance = Signal(), Signal()
        gradient, point, transposed = self._kinds(m, header)
        m.d.comb += [
            self.index.eq(number),
            last_entry.eq(number == header.entries - 1),
            last_c.eq(c == header.c_blocks - 1),
            last_m.eq(block == header.m_blocks - 1),
        ]
        state = self._channels(m, header, point, first, advance & last_entry, last_c)
        with m.If(advance):
            m.d.sync += number.eq(Mux(last_entry, 0, number + 1))
            with m.If(last_entry):
                m.d.sync += c.eq(Mux(last_c, 0, c + 1))
                with m.If(last_c):
                    m.d.sync += block.eq(block + 1)
                    m.d.sync += w_block.eq(w_block + Mux(transposed, array.clusters, header.w_pitch))
        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.take.eq(self.valid)
                m.d.sync += [header.eq(self.header), record.error.eq(self.error)]
                with m.If(self.valid):
                    m.next = "begin"
            with m.State("begin"):
                m.d.comb += first.eq(1)
                m.d.sync += [number.eq(0), c.eq(0), block.eq(0), w_block.eq(header.w_base), psum.eq(0)]
                m.d.sync += [record.end.eq(1), record.tag.eq(header.tag)]
                with m.If(record.error != Error.OK):
                    m.next = "ready"
                with m.Else():
                    m.next = "fetch"
            with m.State("fetch"):
                m.next = "build"
            with m.State("build"):
                self._rows(m, record, header, entry, state, point)
                self._job(m, record, header, last_m, gradient)
                self._pass(m, record, header, entry, (gradient, point, transposed))
                starts = (c == 0) & ~header.accumulate
                ends = last_entry & last_c
                tap_ports = sum(1 << port for port in TAP_PORTS)
                m.d.sync += [
                    record.w_address.eq(w_block + entry.w_offset + Mux(gradient, 0, state[3])),
                    record.w_turn.eq(Mux(gradient, 0, state[4])),
                    record.psum.eq(Mux(gradient, psum, entry.address)),
                    record.start.eq(Mux(gradient, Mux(header.accumulate, 0, tap_ports), Mux(starts, entry.start, 0))),
                    record.sum.eq(Mux(header.sums & last_c, entry.sum, 0)),
                    record.begins.eq((number == 0) & (c == 0) & (~gradient | (block == 0))),
                    record.drains.eq(header.drain & ends & (~gradient | last_m)),
                    record.end.eq(ends & last_m),
                ]
                with m.If(entry.idle & ~last_c):
                    m.d.comb += advance.eq(1)
                    m.next = "fetch"
                with m.Else():
                    m.next = "ready"
            with m.State("ready"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.comb += advance.eq(1)
                    m.d.sync += psum.eq(psum + array.channels * array.beats)
                    m.next = "fetch"
                    with m.If(record.end):
                        m.next = "idle"
        return m

    def _pass(self, m, record, header, entry, kinds):
        """Fields that a pass takes from its descriptor as they are."""
        config = self._config
        gradient, point, transposed = kinds
        maps = Mux(point, sum([header.images] * (config.blocks - 1), header.images), header.images)
        m.d.sync += [record[name].eq(header[name]) for name in HEADER_FIELDS]
        m.d.sync += [record[name].eq(entry[name]) for name in ENTRY_FIELDS]
        m.d.sync += [
            record.gradient.eq(gradient),
            record.point.eq(point),
            record.transposed.eq(transposed),
            record.lanes.eq(entry.lanes),
            record.ports.eq(entry.ports),
            record.shuffle.eq(entry.shuffle),
            record.shared_psum.eq(entry.shared_address),
            record.w_pitch.eq(header.w_pitch),
            record.sums.eq(Mux(header.sums, maps, 0)),
            record.steps.row_pitch.eq(header.row_pitch),
            record.steps.row_advance.eq(header.row_advance),
            record.steps.bank_advance.eq(header.bank_advance),
        ]
