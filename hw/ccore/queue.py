"""The queue of descriptors: takes their words, checks them, and holds the entries for the pass generator."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, MAX_ENTRIES, WORD_BITS, Code, Error, entry_word
from hw.arch.ccore.drain import DrainMode
from hw.arch.fields import Word
from hw.lib.memory.bank import Bank
from hw.lib.shared import shared

from .extents import Extents

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

    def _kinds(self, m, header):
        """(known, forward, gradient, point) of the pattern."""
        rules = {
            "known": lambda name: True,
            "forward": lambda name: name.startswith("FP"),
            "gradient": lambda name: name.startswith("WG"),
            "point": lambda name: name.endswith("POINT"),
        }
        kinds = {name: Signal(name=name) for name in rules}
        for name, rule in rules.items():
            with m.Switch(header.pattern), m.Case(*(code.value for code in Code if rule(code.name))):
                m.d.comb += kinds[name].eq(1)
        return kinds

    def _entries(self, m, header, extents, taken, lane, entry):
        """What the words of the entries show, each in the cycle after it is taken.

        Returns signals: an entry has no row group, or the first one multiplies nothing (`empty`); an entry has more row
        groups than the grid fills (`groups`); entries that take sums of |x| (`count`), and whether one of them does not
        give each map once, or rows come faster than WPUs hand their sums over (`bad`).
        """
        wpus = self._config.array.wpus
        word, at, first = Signal(WORD_BITS, reset_less=True), Signal.like(lane), Signal()
        valid, takes, empty, groups, bad = (Signal(name=name) for name in ("valid", "takes", "empty", "groups", "bad"))
        count = Signal(range(2 * MAX_ENTRIES))
        m.d.sync += [valid.eq(taken), word.eq(self.i.payload), at.eq(lane), first.eq(entry == 0)]
        zero, one, two, three = (
            data.View(Word(f"Entry word {n}", "", ENTRY.parts[n], unit=WORD_BITS), word) for n in range(4)
        )
        rows, most = Signal(range((1 << 14) * wpus)), Signal(range((1 << 18) + wpus))
        m.d.comb += [rows.eq(two.row_groups * wpus), most.eq(extents.total + wpus)]
        with m.If(valid), m.Switch(at):
            with m.Case(0):
                m.d.sync += [takes.eq(zero.sum != 0), count.eq(count + (zero.sum != 0))]
                with m.If((zero.sum != 0) & (zero.lead + header.columns < wpus)):
                    m.d.sync += bad.eq(1)
            with m.Case(1), m.If(first & one.idle):
                m.d.sync += empty.eq(1)
            with m.Case(2):
                with m.If(two.row_groups == 0):
                    m.d.sync += empty.eq(1)
                with m.If(rows >= most):
                    m.d.sync += groups.eq(1)
                with m.If(takes & ((two.left != extents.total) | (rows < extents.total))):
                    m.d.sync += bad.eq(1)
            with m.Case(3), m.If(takes & (three.row != 0)):
                m.d.sync += bad.eq(1)
        with m.If(extents.start):
            m.d.sync += [empty.eq(0), groups.eq(0), bad.eq(0), count.eq(0)]
        return {"empty": empty, "groups": groups, "count": count, "bad": bad}

    def _errors(self, m, header, kinds, extents, shown):
        """Error of a complete descriptor; the first that applies."""
        config = self._config
        counts = ("m_blocks", "c_blocks", "c_inner", "pitch", "rows", "read_rows", "images", "columns", "read_columns")
        counts += ("groups", "row_pitch", "taps", "taps_last", "psums")
        empty = shown["empty"] | (header.entries == 0)
        for name in counts:
            empty = empty | (header[name] == 0)
        keep = ~kinds["gradient"] & (header.m_blocks != 1) & (~header.drain | header.accumulate)
        maps = sum([header.images] * (config.blocks - 1), header.images)
        waiting = header.sums & (Mux(kinds["point"], maps, header.images) > config.images)
        # A 1x1 layer takes the sums of each tap group in an entry of its own.
        once = shown["count"] == Mux(kinds["point"], config.blocks, 1)
        wpus = config.array.wpus
        row_step = Signal(range(wpus + 1))
        m.d.comb += row_step.eq(wpus)
        with m.Switch(header.pitch):
            for pitch in range(1, wpus + 1):
                with m.Case(pitch):
                    m.d.comb += row_step.eq(wpus % pitch)
        sums = header.sums & (~kinds["forward"] | ~once | shown["bad"] | (header.row_step != row_step))
        return [
            (~kinds["known"] | (header.drain_mode.as_value() > max(mode.value for mode in DrainMode)), Error.PATTERN),
            (header.entries > MAX_ENTRIES, Error.ENTRIES),
            (empty, Error.EMPTY),
            (header.x_base + header.x_words >= config.input_depth, Error.INPUT),
            (header.w_base + header.w_words >= config.weight_depth, Error.WEIGHT),
            (header.psums > config.psum_depth, Error.PSUM),
            (waiting, Error.IMAGES),
            (keep, Error.KEEP),
            (sums, Error.SUMS),
            ((header.rows > header.pitch) | extents.large | extents.wide | shown["groups"], Error.GRID),
            (extents.many, Error.PASSES),
        ]

    def elaborate(self, platform):
        m = Module()
        words = ENTRY.units + self._config.array.rows
        header = Signal(HEADER, reset_less=True)
        count, lane = Signal(range(HEADER.units)), Signal(range(words))
        entry, half = Signal(9), Signal()
        taken = self.i.valid & self.i.ready
        writing, whole = Signal(), Signal()
        kinds = self._kinds(m, header)
        m.submodules.extents = extents = Extents(config=self._config)
        m.d.comb += [extents.header.eq(header), extents.gradient.eq(kinds["gradient"])]
        m.d.sync += extents.start.eq(whole)
        shown = self._entries(m, header, extents, taken, lane, entry)
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
                m.d.sync += [entry.eq(0), lane.eq(0)]
                with m.If(taken):
                    m.d.sync += [header.eq(Cat(header.as_value()[WORD_BITS:], self.i.payload)), count.eq(count + 1)]
                    with m.If(count == HEADER.units - 1):
                        m.d.comb += whole.eq(1)
                        m.d.sync += count.eq(0)
                        m.next = "entries"
            with m.State("entries"):
                with m.If(entry == header.entries):
                    m.d.sync += self.error.eq(Error.OK)
                    for wrong, error in reversed(self._errors(m, header, kinds, extents, shown)):
                        with m.If(wrong):
                            m.d.sync += self.error.eq(error)
                    m.next = "waits"
                with m.Else():
                    m.d.comb += [self.i.ready.eq(1), writing.eq(self.i.valid & (entry < MAX_ENTRIES))]
                    with m.If(taken):
                        m.d.sync += lane.eq(lane + 1)
                        with m.If(lane == words - 1):
                            m.d.sync += [lane.eq(0), entry.eq(entry + 1)]
            with m.State("waits"):
                m.d.comb += self.valid.eq(1)
                with m.If(self.take):
                    m.d.sync += half.eq(~half)
                    m.next = "header"
        return m
