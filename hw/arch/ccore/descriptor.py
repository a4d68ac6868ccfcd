"""Descriptors of the C-Core: the one source of their fields, for hardware, assembler and documentation.

A descriptor is a header and `entries` entries, in words of 32 bits, fields from the lowest bit up and never over the
edge of a word. An entry is one pass over the row groups with one window of the kernel; it ends with a word for each row
of the array. The C-Core runs, for each m block, for each c block, for each entry: one pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum

from hw.arch.array.control import Ports
from hw.arch.fields import Choice, Field, Word, member

from .config import Lanes, Shuffle
from .drain import DrainMode

__all__ = [
    "ENTRY",
    "HEADER",
    "MAX_ENTRIES",
    "PASSES_PER_WEIGHT",
    "ROW",
    "STATUS",
    "WORD_BITS",
    "Code",
    "Descriptor",
    "Error",
    "entry_word",
]

WORD_BITS = 32

#: Most entries of a descriptor.
MAX_ENTRIES = 32

#: Passes of FP and BP for an address of the weights, at most: no window of a kernel takes more entries.
PASSES_PER_WEIGHT = 8


class Code(Choice, enum.Enum, shape=unsigned(4)):
    """Patterns (ETA, Fig. 6; architecture.md Section 3)."""

    FP_S1 = member(1, "forward, stride 1")
    FP_S2 = member(2, "forward, stride 2")
    FP_POINT = member(3, "forward of 1x1 and FC")
    FP_PACKED = member(4, "forward at stride 2 of at most three channels, a pixel a column")
    BP_S1 = member(5, "error of the input, stride 1")
    BP_S2 = member(6, "error of the input, stride 2: four output classes a slot")
    BP_POINT = member(7, "error of the input of 1x1 and FC")
    WG_S1 = member(8, "weight gradient, stride 1")
    WG_S2 = member(9, "weight gradient, stride 2")
    WG_POINT = member(10, "weight gradient of 1x1 and FC")
    WG_PACKED = member(11, "weight gradient at stride 2 of at most three channels")

    @property
    def gradient(self) -> bool:
        """Whether it is a weight gradient, whose outputs stay in the array until its end."""
        return self.name.startswith("WG")

    @property
    def transposed(self) -> bool:
        """Whether weights are read transposed, as for the error of the input."""
        return self.name.startswith("BP")


class Error(Choice, enum.Enum, shape=unsigned(4)):
    """How a descriptor ended. Any code but OK: it was skipped, and no buffer was touched."""

    OK = member(0, "ran")
    PATTERN = member(1, "the pattern or the order of the drain is unknown")
    EMPTY = member(2, "entries, row groups of an entry or a count of the header are zero, or the first entry is idle")
    ENTRIES = member(3, "more entries than the C-Core holds")
    INPUT = member(4, "the input region does not fit the input buffer")
    WEIGHT = member(5, "the weight region does not fit the weight buffer")
    PSUM = member(6, "the partial sums of a block do not fit a half")
    IMAGES = member(7, "more images than sums of |x| can wait")
    KEEP = member(8, "several output blocks in one half: neither drained nor fit to be continued")
    SUMS = member(9, "sums of |x| of another phase than FP, or entries that do not give those of each map once")
    GRID = member(10, "more rows or row groups than the partial sums, or the errors, of the descriptor could hold")
    PASSES = member(11, "more passes than the weights, or the partial sums of gradients, of the descriptor could feed")


#: The header.
HEADER = Word(
    "Descriptor",
    "Header of a descriptor.",
    (
        Field("pattern", Code, "see the table of patterns"),
        Field("stride2", unsigned(1), "rows and columns of the read tensor advance by two a slot"),
        Field("accumulate", unsigned(1), "continue the sums that the half holds, instead of starting from zero"),
        Field("drain", unsigned(1), "drain each output block and go on to the other half"),
        Field("sums", unsigned(1), "take the sums of |x|, an image and channel, at the last write"),
        Field("entries", unsigned(8), "entries that follow"),
        Field("tag", unsigned(8), "given back with the status"),
    ),
    (
        Field("m_blocks", unsigned(12), "output blocks"),
        Field("c_blocks", unsigned(12), "input blocks"),
        Field("c_inner", unsigned(8), "c blocks before an outer step"),
    ),
    (
        Field("pitch", unsigned(12), "rows of the grid an image"),
        Field("rows", unsigned(12), "rows of the grid with results, an image"),
    ),
    (Field("read_rows", unsigned(12), "rows of the read tensor an image"), Field("images", unsigned(12), "images")),
    (
        Field("columns", unsigned(12), "slots of a row"),
        Field("read_columns", unsigned(12), "columns of the read tensor"),
    ),
    (
        Field("row_step", unsigned(12), "wpus mod pitch"),
        Field("groups", unsigned(12), "channel groups of the read tensor"),
    ),
    (
        Field("x_base", unsigned(16), "input buffer: address of the read tensor"),
        Field("x_words", unsigned(16), "its addresses, less one"),
    ),
    (
        Field("x_group", unsigned(16), "address step of a c block"),
        Field("x_outer", unsigned(16), "the same after c_inner blocks"),
    ),
    (
        Field("row_pitch", unsigned(16), "words of a row"),
        Field("row_advance", unsigned(16), "address step of a row group"),
    ),
    (
        Field("turn_group", unsigned(8), "banks that a c block turns"),
        Field("turn_outer", unsigned(8), "the same after c_inner blocks"),
        Field("bank_advance", unsigned(8), "banks that a row group advances"),
    ),
    (
        Field("w_base", unsigned(16), "weight buffer: address of weights or errors"),
        Field("w_words", unsigned(16), "its addresses, less one"),
    ),
    (
        Field("w_pitch", unsigned(16), "addresses of `clusters` channels of the stored outputs, or of their errors"),
        Field("w_last", unsigned(16), "transposed read: address of the last channel of the first c block"),
    ),
    (
        Field("drain_mode", DrainMode, "order of the drain"),
        Field("odd_rows", unsigned(1), "the last grid row has no odd output row"),
        Field("odd_columns", unsigned(1), "the last grid column has no odd output column"),
        Field("ports", data.ArrayLayout(data.ArrayLayout(2, 2), 2), "port of output class [row parity][column parity]"),
        Field("taps", unsigned(2), "tap groups with channels in all but the last m block"),
        Field("taps_last", unsigned(2), "the same in the last m block"),
        Field("segment", unsigned(12), "row groups of a segment, where rows are shared"),
    ),
    (
        Field("psums", unsigned(16), "partial sums of a port that an output block takes"),
        Field("w_block", unsigned(16), "transposed read: address step of a c block, without carry"),
    ),
    unit=WORD_BITS,
)

#: An entry, before the words of its rows.
ENTRY = Word(
    "Entry",
    "A pass over the row groups with one window of the kernel.",
    (
        Field("lanes", Lanes, "which pixels the lanes take"),
        Field("lead", unsigned(4), "slots that fill the window before each row"),
        Field("newest", signed(8), "newest pixel of the first slot of a row, lead included"),
        Field("ports", Ports, "what the ports carry"),
        Field("spread", unsigned(1), "slot n goes to port n mod 4"),
        Field("write", unsigned(4), "ports that are written, unless spread"),
        Field("start", unsigned(4), "ports that start from zero in the first c block"),
        Field("sum", unsigned(3), "0: none; 1: the port of the slot; 4 + p: port p"),
    ),
    (
        Field("rows", unsigned(16), "rows of the array in use, a bit each"),
        Field("taps", unsigned(3), "taps in use, a bit each"),
        Field("shuffle", Shuffle, "second level of the weight network"),
        Field("idle", unsigned(1), "multiply nothing, in the last c block alone: a pass that takes sums of |x|"),
    ),
    (
        Field("row_groups", unsigned(14), "row groups"),
        Field("left", unsigned(18), "grid rows left from the first row group"),
    ),
    (
        Field("row", unsigned(12), "grid row of WPU 0 in its image, first row group"),
        Field("shared_row", unsigned(12), "the same for row 1 of the array"),
    ),
    (
        Field("shared_left", unsigned(18), "grid rows left for row 1 of the array"),
        Field("address", unsigned(14), "first partial sum"),
    ),
    (
        Field("w_offset", unsigned(16), "weights: address of the window"),
        Field("shared_address", unsigned(14), "first partial sum of port 0"),
    ),
    unit=WORD_BITS,
)

#: Word of a row of the array in an entry.
ROW = Word(
    "Row",
    "Where a row of the array reads.",
    (
        Field("offset", signed(8), "row of the read tensor, from stride * grid row"),
        Field("bank", unsigned(8), "bank of WPU 0's row in the first row group"),
        Field("address", signed(16), "its address, from x_base"),
    ),
    unit=WORD_BITS,
)


#: How a descriptor ended, given back once what it read may be overwritten.
STATUS = Word(
    "Status",
    "How a descriptor ended.",
    Field("tag", unsigned(8), "that of the descriptor"),
    Field("error", Error, "what became of it"),
)


@cache
def entry_word(rows: int) -> Word:
    """An entry with the words of its rows, whose fields are named `row_<r>_<name>`."""
    own = [[Field(f"row_{r}_{each.name}", each.shape, each.doc) for each in ROW.parts[0]] for r in range(rows)]
    return Word("Entry", "An entry with its rows.", *ENTRY.parts, *own, unit=WORD_BITS)


@dataclass(frozen=True)
class Descriptor:
    """A descriptor by the names of its fields.

    Parameters
    ----------
    header : mapping
        Fields of :data:`HEADER`.
    entries : sequence of (fields, rows)
        Fields of :data:`ENTRY`, and those of :data:`ROW` for each row of the array.
    """

    header: Mapping[str, Any]
    entries: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]

    def words(self) -> list[int]:
        """The words of 32 bits.

        Raises
        ------
        ValueError
            If a field is missing or unknown, or a number does not fit its field.
        """
        words = HEADER.split(HEADER.encode(self.header))
        for fields, rows in self.entries:
            words += ENTRY.split(ENTRY.encode(fields))
            words += [ROW.encode(row) for row in rows]
        return words

    @classmethod
    def decode(cls, words: Sequence[int], rows: int) -> "Descriptor":
        """Read the words of a descriptor for an array of `rows` rows.

        Raises
        ------
        ValueError
            If there are more or fewer words than the header says, or a field holds no legal value.
        """
        header = HEADER.decode(HEADER.join(words[: HEADER.units]))
        length = ENTRY.units + rows
        due = HEADER.units + header["entries"] * length
        if len(words) != due:
            raise ValueError(f"Descriptor of {header['entries']} entries must have {due} words, not {len(words)}")
        entries = []
        for start in range(HEADER.units, due, length):
            fields, own = words[start : start + ENTRY.units], words[start + ENTRY.units : start + length]
            entries.append((ENTRY.decode(ENTRY.join(fields)), [ROW.decode(each) for each in own]))
        return cls(header, entries)
