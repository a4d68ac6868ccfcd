"""Which kernel tap and channel each lane (r, c, k) of the array multiplies, pass by pass.

A pass of a layer covers some kernel rows, taps and channels. The plans here depend on shapes only.
"""

from dataclasses import dataclass

import numpy as np

from hw.arch.array.config import TAPS, ArrayConfig

__all__ = ["Block", "SplitPlan", "blocks", "mixed_sets", "packs", "pointwise_blocks", "row_plan", "split_plan"]


@dataclass(frozen=True)
class Block:
    """Channel and kernel column of the lanes of one column block, arrays over (r, c, k); -1: the lane is idle."""

    channel: np.ndarray
    kx: np.ndarray


def _grid(config: ArrayConfig):
    """Indices r, c, k as arrays over (r, c, k)."""
    return np.indices((config.rows, config.channels, TAPS))


def packs(channels: int, kernel: int, config: ArrayConfig) -> bool:
    """Whether lanes take (kx, channel) pairs in a row instead of a channel each.

    Done where a pixel has fewer channels than a word (`channels` of the array) and passes are saved: 7x7 with
    three input channels takes one pass a kernel row instead of three (architecture.md Section 3, 7x7 s2).
    """
    packed = -(-kernel * channels // (TAPS * config.channels))
    return channels < config.channels and packed < -(-kernel // TAPS)


def blocks(channels: int, kernel: int, config: ArrayConfig) -> list[Block]:
    """Lane blocks of a kernel row: channel block by channel block, then taps 3a .. 3a+2."""
    _, c, k = _grid(config)
    if packs(channels, kernel, config):
        lanes = TAPS * config.channels
        pairs = [TAPS * c + k + first for first in range(0, kernel * channels, lanes)]
        return [_block(pair % channels, pair // channels, channels, kernel) for pair in pairs]
    return [
        _block(first + c, tap + k, channels, kernel)
        for first in range(0, channels, config.channels)
        for tap in range(0, kernel, TAPS)
    ]


def pointwise_blocks(channels: int, config: ArrayConfig) -> list[Block]:
    """Lane blocks of a 1x1 kernel: rows take channel groups, all taps the same pixel."""
    r, c, _ = _grid(config)
    step = config.rows * config.channels
    return [_block(first + r * config.channels + c, 0 * c, channels, 1) for first in range(0, channels, step)]


def _block(channel, kx, channels: int, kernel: int) -> Block:
    idle = (channel >= channels) | (kx >= kernel)
    return Block(np.where(idle, -1, channel), np.where(idle, -1, kx))


def row_plan(kernel: int, rows: int) -> list[np.ndarray]:
    """Kernel row of each array row, pass by pass: ceil(kernel / rows) passes; -1: the row is idle."""
    plans = [first + np.arange(rows) for first in range(0, kernel, rows)]
    return [np.where(plan < kernel, plan, -1) for plan in plans]


def mixed_sets(kernel: int, rows: int) -> tuple[int, int] | None:
    """How row groups share the passes of the mixed mode: (sets that lend row 1, sets that borrow it), or None.

    With b = kernel mod rows, b sets of row groups put rows-b passes on the outer rows alone and lend row 1 to
    the other rows-b sets, which need b single rows: `rows` sets take `kernel` passes instead of
    rows * ceil(kernel / rows). 7 kernel rows on 3 take 7/3 passes, 5 take 5/3, and 3 on 2 take 3/2.
    """
    spare = kernel % rows
    if rows < 2 or spare == 0 or kernel < (rows - 1) * (rows - spare):
        return None
    return spare, rows - spare


@dataclass(frozen=True)
class SplitPlan:
    """One pass of a stride-2 BP along one axis.

    `single` and `several` are the output parities (0 even, 1 odd) of the single slot and of the others; `taps`
    is the kernel index of each slot, -1 where idle.
    """

    single: int
    several: int
    taps: np.ndarray


def split_plan(kernel: int, padding: int, slots: int, single: int | None) -> list[SplitPlan]:
    """Fewest passes of a stride-2 BP along one axis.

    Output 2i + parity meets the kernel index t where parity + padding - t is even. In each pass one slot (`single`,
    None: there is none) serves one parity and the others the other parity.

    Parameters
    ----------
    kernel, padding : int
    slots : int
        Rows of the array, or taps of a PE.
    single : int or None
        Index of the single slot: 1, or None for an array of one row.
    """
    others = [slot for slot in range(slots) if slot != single]
    taps = [[t for t in range(kernel) if (parity + padding - t) % 2 == 0] for parity in (0, 1)]
    capacity = (0 if single is None else 1, len(others))
    # The fewest passes, and how many of them have parity 0 on the single slot.
    passes, first = next(
        (total, zero)
        for total in range(1, 2 * kernel + 1)
        for zero in range(total, -1, -1)
        if zero * capacity[0] + (total - zero) * capacity[1] >= len(taps[0])
        and (total - zero) * capacity[0] + zero * capacity[1] >= len(taps[1])
    )
    plans = []
    for n in range(passes):
        parity = 0 if n < first else 1
        chosen = np.full(slots, -1)
        if single is not None and taps[parity]:
            chosen[single] = taps[parity].pop(0)
        for slot in others:
            if taps[1 - parity]:
                chosen[slot] = taps[1 - parity].pop(0)
        plans.append(SplitPlan(parity, 1 - parity, chosen))
    return plans
