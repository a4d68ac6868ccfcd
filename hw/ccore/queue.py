"""The queue of descriptors: takes their words, checks them, and holds the entries for the pass generator."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, MAX_ENTRIES, WORD_BITS, Code, Error, entry_word
from hw.lib.memory.bank import Bank
from hw.lib.shared import shared

__all__ = ["DescriptorQueue"]


class DescriptorQueue(wiring.Component):
    """One descriptor waits, checked, while the one before it runs.

    Words are taken one a cycle. A descriptor waits with `valid` until `take`; its entries can then be read until the
    next `take`: `entry` shows that of `index` of the cycle before. Entries of a descriptor with an error do not count.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    i : In(stream.Signature(32))
    begins : Out(1)
        The first word of a descriptor is taken.
    header : Out(HEADER), error : Out(Error), valid : Out(1), take : In(1)
    index : In(range(32)), entry : Out(entry_word(config.array.rows))

    Source: architecture.md Section 3 (loop nests); the layout is :mod:`hw.arch.ccore.descriptor`.
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(WORD_BITS))),
                "begins": Out(1),
                "header": Out(HEADER),
                "error": Out(Error),
                "valid": Out(1),
                "take": In(1),
                "index": In(range(MAX_ENTRIES)),
                "entry": Out(entry_word(config.array.rows)),
            }
        )

    def _errors(self, m, header, empty_entry):
        """Error of a complete descriptor; the first that applies."""
        config = self._config
        known = Signal()
        with m.Switch(header.pattern), m.Case(*(code.value for code in Code)):
            m.d.comb += known.eq(1)
        point = Signal()
        with m.Switch(header.pattern), m.Case(Code.FP_POINT, Code.BP_POINT, Code.WG_POINT):
            m.d.comb += point.eq(1)
        gradient = Signal()
        with m.Switch(header.pattern), m.Case(*(code.value for code in Code if code.name.startswith("WG"))):
            m.d.comb += gradient.eq(1)
        counts = ("m_blocks", "c_blocks", "c_inner", "pitch", "rows", "read_rows", "images", "columns", "read_columns")
        counts += ("groups", "row_pitch", "taps", "taps_last", "psums")
        empty = empty_entry | (header.entries == 0)
        for name in counts:
            empty = empty | (header[name] == 0)
        keep = ~gradient & (header.m_blocks != 1) & (~header.drain | header.accumulate)
        maps = sum([header.images] * (config.blocks - 1), header.images)
        waiting = header.sums & (Mux(point, maps, header.images) > config.images)
        return [
            (~known, Error.PATTERN),
            (header.entries > MAX_ENTRIES, Error.ENTRIES),
            (empty, Error.EMPTY),
            (header.x_base + header.x_words >= config.input_depth, Error.INPUT),
            (header.w_base + header.w_words >= config.weight_depth, Error.WEIGHT),
            (header.psums > config.psum_depth, Error.PSUM),
            (waiting, Error.IMAGES),
            (keep, Error.KEEP),
        ]

    def elaborate(self, platform):
        m = Module()
        words = ENTRY.units + self._config.array.rows
        header = Signal(HEADER, reset_less=True)
        count, lane = Signal(range(HEADER.units)), Signal(range(words))
        entry, half, empty = Signal(9), Signal(), Signal()
        taken = self.i.valid & self.i.ready
        writing = Signal()
        lanes = []
        for n in range(words):
            name, word = f"lane_{n}", unsigned(WORD_BITS)
            m.submodules[name] = bank = shared(name, Bank, depth=2 * MAX_ENTRIES, shape=word)
            m.d.comb += [
                bank.write.eq(writing & (lane == n)),
                bank.write_address.eq(Cat(entry[: MAX_ENTRIES.bit_length() - 1], half)),
                bank.write_data.eq(self.i.payload),
                bank.read.eq(1),
                bank.read_address.eq(Cat(self.index, ~half)),
            ]
            lanes.append(bank.read_data)
        m.d.comb += [self.header.eq(header), self.entry.eq(Cat(lanes))]
        with m.FSM():
            with m.State("header"):
                m.d.comb += [self.i.ready.eq(1), self.begins.eq(taken & (count == 0))]
                m.d.sync += [entry.eq(0), lane.eq(0), empty.eq(0)]
                with m.If(taken):
                    m.d.sync += [header.eq(Cat(header.as_value()[WORD_BITS:], self.i.payload)), count.eq(count + 1)]
                    with m.If(count == HEADER.units - 1):
                        m.d.sync += count.eq(0)
                        m.next = "entries"
            with m.State("entries"):
                with m.If(entry == header.entries):
                    m.d.sync += self.error.eq(Error.OK)
                    for wrong, error in reversed(self._errors(m, header, empty)):
                        with m.If(wrong):
                            m.d.sync += self.error.eq(error)
                    m.next = "waits"
                with m.Else():
                    m.d.comb += [self.i.ready.eq(1), writing.eq(self.i.valid & (entry < MAX_ENTRIES))]
                    with m.If(taken):
                        m.d.sync += lane.eq(lane + 1)
                        unit, low = ENTRY.place("row_groups")
                        groups = self.i.payload[low : low + ENTRY.field("row_groups").bits]
                        with m.If((lane == unit) & (groups == 0)):
                            m.d.sync += empty.eq(1)
                        with m.If(lane == words - 1):
                            m.d.sync += [lane.eq(0), entry.eq(entry + 1)]
            with m.State("waits"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.d.sync += half.eq(~half)
                    m.next = "header"
        return m
