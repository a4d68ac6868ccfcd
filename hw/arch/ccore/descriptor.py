"""Descriptors of the C-Core: the one source of their fields, for hardware, assembler and documentation.

A descriptor is a header and `entries` entries, in words of 32 bits, fields from the lowest bit up and never over the
edge of a word. An entry is one pass over the row groups with one window of the kernel; it ends with a word for each row
of the array. The C-Core runs, for each m block, for each c block, for each entry: one pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum

__all__ = [
    "ENTRY",
    "HEADER",
    "MAX_ENTRIES",
    "ROW",
    "WORD_BITS",
    "Code",
    "Error",
    "Field",
    "encode",
    "layout",
    "words_of",
]

WORD_BITS = 32

#: Most entries of a descriptor.
MAX_ENTRIES = 32


class Code(enum.Enum, shape=unsigned(4)):
    """Patterns (ETA, Fig. 6; architecture.md Section 3)."""

    FP_S1 = 1  #: forward, stride 1
    FP_S2 = 2  #: forward, stride 2
    FP_POINT = 3  #: forward of 1x1 and FC
    FP_PACKED = 4  #: forward at stride 2 of at most three channels, a pixel a column
    BP_S1 = 5  #: error of the input, stride 1
    BP_S2 = 6  #: error of the input, stride 2: four output classes a slot
    BP_POINT = 7  #: error of the input of 1x1 and FC
    WG_S1 = 8  #: weight gradient, stride 1
    WG_S2 = 9  #: weight gradient, stride 2
    WG_POINT = 10  #: weight gradient of 1x1 and FC
    WG_PACKED = 11  #: weight gradient at stride 2 of at most three channels


class Error(enum.Enum, shape=unsigned(4)):
    """What became of a descriptor. Any code but OK: it was skipped, and no buffer was touched."""

    OK = 0  #: ran
    PATTERN = 1  #: the pattern is unknown
    EMPTY = 2  #: a count (entries, blocks, images, rows, columns or row groups) is zero
    ENTRIES = 3  #: more entries than the C-Core holds
    INPUT = 4  #: the input region does not fit the input buffer
    WEIGHT = 5  #: the weight region does not fit the weight buffer
    PSUM = 6  #: the partial sums of a block do not fit a half
    IMAGES = 7  #: more images than sums of |x| can wait
    KEEP = 8  #: several output blocks in one half: neither drained nor fit to be continued


@dataclass(frozen=True)
class Field:
    """A field of a descriptor."""

    name: str
    bits: int
    doc: str
    signed: bool = False

    def check(self, value: int) -> int:
        """The bits of a value; ValueError if it does not fit."""
        low, high = (-(1 << self.bits - 1), (1 << self.bits - 1) - 1) if self.signed else (0, (1 << self.bits) - 1)
        if not low <= value <= high:
            raise ValueError(f"Descriptor field {self.name} must be {low} to {high}, not {value}")
        return value & ((1 << self.bits) - 1)


#: Words of the header.
HEADER: tuple[tuple[Field, ...], ...] = (
    (
        Field("pattern", 4, "see the table of patterns"),
        Field("stride2", 1, "rows and columns of the read tensor advance by two a slot"),
        Field("accumulate", 1, "continue the sums that the half holds, instead of starting from zero"),
        Field("drain", 1, "drain each output block and go on to the other half"),
        Field("sums", 1, "take the sums of |x|, an image and channel, at the last write"),
        Field("entries", 8, "entries that follow"),
        Field("tag", 8, "given back with the status"),
    ),
    (
        Field("m_blocks", 12, "output blocks"),
        Field("c_blocks", 12, "input blocks"),
        Field("c_inner", 8, "c blocks before an outer step"),
    ),
    (Field("pitch", 12, "rows of the grid an image"), Field("rows", 12, "rows of the grid with results, an image")),
    (Field("read_rows", 12, "rows of the read tensor an image"), Field("images", 12, "images")),
    (Field("columns", 12, "slots of a row"), Field("read_columns", 12, "columns of the read tensor")),
    (Field("row_step", 12, "wpus mod pitch"), Field("groups", 12, "channel groups of the read tensor")),
    (Field("x_base", 16, "input buffer: address of the read tensor"), Field("x_words", 16, "its addresses, less one")),
    (Field("x_group", 16, "address step of a c block"), Field("x_outer", 16, "the same after c_inner blocks")),
    (Field("row_pitch", 16, "words of a row"), Field("row_advance", 16, "address step of a row group")),
    (
        Field("turn_group", 8, "banks that a c block turns"),
        Field("turn_outer", 8, "the same after c_inner blocks"),
        Field("bank_advance", 8, "banks that a row group advances"),
    ),
    (
        Field("w_base", 16, "weight buffer: address of weights or errors"),
        Field("w_words", 16, "its addresses, less one"),
    ),
    (
        Field("w_pitch", 16, "addresses of `clusters` channels of the stored outputs, or of their errors"),
        Field("w_last", 16, "transposed read: address of the last channel of the first c block"),
    ),
    (
        Field("drain_mode", 3, "order of the drain"),
        Field("odd_rows", 1, "the last grid row has no odd output row"),
        Field("odd_columns", 1, "the last grid column has no odd output column"),
        Field("ports", 8, "port of output class (row parity, column parity), two bits each"),
        Field("taps", 2, "tap groups with channels in all but the last m block"),
        Field("taps_last", 2, "the same in the last m block"),
        Field("segment", 12, "row groups of a segment, where rows are shared"),
    ),
    (
        Field("psums", 16, "partial sums of a port that an output block takes"),
        Field("w_block", 16, "transposed read: address step of a c block, without carry"),
    ),
)

#: Words of an entry before those of its rows.
ENTRY: tuple[tuple[Field, ...], ...] = (
    (
        Field("lanes", 3, "which pixels the lanes take"),
        Field("lead", 4, "slots that fill the window before each row"),
        Field("newest", 8, "newest pixel of the first slot of a row, lead included", signed=True),
        Field("ports", 3, "what the ports carry"),
        Field("spread", 1, "slot n goes to port n mod 4"),
        Field("write", 4, "ports that are written, unless spread"),
        Field("start", 4, "ports that start from zero in the first c block"),
        Field("sum", 3, "0: none; 1: the port of the slot; 4 + p: port p"),
    ),
    (
        Field("rows", 16, "rows of the array in use, a bit each"),
        Field("taps", 3, "taps in use, a bit each"),
        Field("shuffle", 2, "second level of the weight network"),
        Field("idle", 1, "multiply nothing, in the last c block alone: a pass that takes sums of |x|"),
    ),
    (Field("row_groups", 14, "row groups"), Field("left", 18, "grid rows left from the first row group")),
    (
        Field("row", 12, "grid row of WPU 0 in its image, first row group"),
        Field("shared_row", 12, "the same for row 1 of the array"),
    ),
    (Field("shared_left", 18, "grid rows left for row 1 of the array"), Field("address", 14, "first partial sum")),
    (
        Field("w_offset", 16, "weights: address of the window"),
        Field("shared_address", 14, "first partial sum of port 0"),
    ),
)

#: Word of a row of the array in an entry.
ROW: tuple[Field, ...] = (
    Field("offset", 8, "row of the read tensor, from stride * grid row", signed=True),
    Field("bank", 8, "bank of WPU 0's row in the first row group"),
    Field("address", 16, "its address, from x_base", signed=True),
)


def words_of(entries: int, rows: int) -> int:
    """Words of a descriptor."""
    return len(HEADER) + entries * (len(ENTRY) + rows)


def layout(words: Sequence[Sequence[Field]]) -> data.FlexibleLayout:
    """Layout of words one behind the other, the first in the lowest bits."""
    fields = {}
    for number, word in enumerate(words):
        offset = number * WORD_BITS
        for field in word:
            shape = signed(field.bits) if field.signed else unsigned(field.bits)
            fields[field.name] = data.Field(shape, offset)
            offset += field.bits
        if offset > (number + 1) * WORD_BITS:
            raise ValueError(f"Word {number} of a descriptor must have {WORD_BITS} bits, not {offset % WORD_BITS} more")
    return data.FlexibleLayout(len(words) * WORD_BITS, fields)


def encode(words: Sequence[Sequence[Field]], values: Mapping[str, int]) -> list[int]:
    """Words from values by name; every field must be given, and nothing else."""
    names = [field.name for word in words for field in word]
    if sorted(names) != sorted(values):
        different = ", ".join(sorted(set(names) ^ set(values)))
        raise ValueError(f"Descriptor fields must be given once each; these are missing or unknown: {different}")
    encoded = []
    for word in words:
        bits = offset = 0
        for field in word:
            bits |= field.check(int(values[field.name])) << offset
            offset += field.bits
        encoded.append(bits)
    return encoded
