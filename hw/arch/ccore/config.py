"""Configuration of the C-Core and what follows from it: banks, words, blocks and address widths."""

import math
from dataclasses import dataclass, field
from functools import cached_property

from amaranth.hdl import unsigned
from amaranth.lib import enum
from amaranth.utils import ceil_log2

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.fields import Choice, member

from ..checks import check_integer

__all__ = ["CCORE_RANGES", "CCoreConfig", "LOOP", "Lanes", "Shuffle", "WORD_PIXELS"]

#: Pixels of a word of the input buffer: an even one and the odd one beside it.
WORD_PIXELS = 2

#: Fewest cycles from a partial sum's write to its next read: reading, zeroing, adding and writing.
LOOP = 4

#: Legal range of every size, the one source for checks, help texts and documents.
CCORE_RANGES = {
    "input_depth": (16, 1 << 16),
    "weight_depth": (16, 1 << 16),
    "psum_depth": (16, 1 << 14),
    "images": (1, 1 << 10),
}


class Lanes(Choice, enum.Enum, shape=unsigned(3)):
    """Which pixels of a row the lanes x0, x1, x2 take, by the newest pixel q of the window."""

    CONV = member(0, "q-2, q-1, q: three neighbours")
    SPLIT_ODD = member(1, "q-1, q-1, q: stride-2 BP whose taps 0 and 2 make odd columns")
    SPLIT_EVEN = member(2, "q-1, q, q: the same for even columns")
    POINT = member(3, "q-1 on all lanes: 1x1 and FC")
    PACKED = member(4, "column c takes pixel c of the last words, lane k its channel k")


class Shuffle(Choice, enum.Enum, shape=unsigned(2)):
    """Second level of the weight network: which tap group (row, column) chain (r, k) takes."""

    DIRECT = member(0, "(r, k)")
    REVERSED = member(1, "(r, 2-k): BP of kernels over 1x1")
    TRANSPOSED = member(2, "(k, r): BP of 1x1 and FC")
    SHARED = member(3, "(0, k) on array row 1, else direct: two row groups share the last kernel row")


@dataclass(frozen=True)
class CCoreConfig:
    """Array and buffer sizes of a C-Core.

    Parameters
    ----------
    array : ArrayConfig
    input_depth : int
        Words of a bank of the input buffer; a word is two pixels of `channels` channels.
    weight_depth : int
        Codes of a byte-wide bank of the weight buffer.
    psum_depth : int
        Partial sums of a port, in each of the two halves.
    images : int
        Images whose sums of absolute values wait to be taken, at most.

    Raises
    ------
    TypeError, ConfigError
        If a size is not an integer or out of the range of :data:`CCORE_RANGES`.
    """

    array: ArrayConfig = field(default_factory=ArrayConfig)
    input_depth: int = 1024
    weight_depth: int = 2048
    psum_depth: int = 512
    images: int = 512

    def __post_init__(self):
        for name, (low, high) in CCORE_RANGES.items():
            check_integer(f"C-Core {name}", getattr(self, name), low, high)

    @property
    def word_bits(self) -> int:
        """Bits of a word of the input buffer."""
        return WORD_PIXELS * self.array.channels * self.array.pint.k

    @property
    def block(self) -> int:
        """Channels of a block of a 1x1 layer, a multiple of `clusters` and `channels` so that both directions fit."""
        return math.lcm(self.array.clusters, self.array.channels)

    @property
    def blocks(self) -> int:
        """Blocks of a 1x1 layer that rows, and taps, take at once."""
        return min(self.array.rows, TAPS)

    @cached_property
    def _banking(self) -> tuple[int, int]:
        wpus, rows = self.array.wpus, self.array.rows
        groups = self.block // self.array.channels
        banks = max(wpus * rows, 2 * (wpus - 1) + rows)
        while True:
            for turn in range(banks):
                if all(
                    len({(s * w + turn * groups * r) % banks for w in range(wpus) for r in range(self.blocks)})
                    == wpus * self.blocks
                    for s in (1, 2)
                ):
                    return banks, turn
            banks += 1

    @property
    def banks(self) -> int:
        """Banks of the input buffer: row f of channel group g lies in bank (f + turn * g) mod banks.

        The fewest, at least `wpus` * `rows`, in which no pattern meets a conflict: the rows stride*w + r of one
        group, and the rows stride*w of the groups that a 1x1 layer reads at once.
        """
        return self._banking[0]

    @property
    def turn(self) -> int:
        """Banks by which the rows of the next channel group are rotated."""
        return self._banking[1]

    @property
    def tap_rows(self) -> int:
        """Rows of tap groups of the weight buffer: kernel rows, or the rows of E that WPUs take."""
        return max(self.array.rows, self.array.wpus)

    @property
    def input_address_bits(self) -> int:
        """Bits of an address of the input buffer."""
        return ceil_log2(self.input_depth)

    @property
    def weight_address_bits(self) -> int:
        """Bits of an address of the weight buffer."""
        return ceil_log2(self.weight_depth)

    @property
    def psum_address_bits(self) -> int:
        """Bits of an address of partial sums, within a half."""
        return ceil_log2(self.psum_depth)

    @property
    def sum_bits(self) -> int:
        """Bits of a sum of |x|: no map that fits the partial sums leaves them."""
        return self.array.acc_bits - 1 + ceil_log2(4 * self.psum_depth * self.array.wpus + 1)

    def __str__(self):
        return f"{self.array}, input {self.input_depth}, weights {self.weight_depth}, partial sums {self.psum_depth}"
