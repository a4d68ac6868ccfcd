"""Golden model of the weight buffer: where a weight lies, what a write changes, and what a read gives the array."""

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import CCoreConfig, Shuffle

__all__ = ["chains", "errors", "lanes", "memory", "write"]


def memory(config: CCoreConfig) -> np.ndarray:
    """An empty weight buffer: codes [row][column][sub-bank][address]."""
    return np.zeros((config.tap_rows, TAPS, config.array.clusters, config.weight_depth), dtype=np.int64)


def write(banks, *, row: int, column: int, address: int, turn: int, data) -> None:
    """Put channel j of `data` into sub-bank (j + turn) mod M of tap group (row, column)."""
    clusters = banks.shape[2]
    banks[row, column, (np.arange(clusters) + turn) % clusters, address] = data


def lanes(banks, *, address: int, transposed: bool, turn: int) -> np.ndarray:
    """First level of a read, [row][column][m]: sub-bank (m + turn) mod M, at address + m if `transposed`."""
    m = np.arange(banks.shape[2])
    return banks[:, :, (m + turn) % len(m), address + m * transposed]


def chains(groups, shuffle: Shuffle, config: CCoreConfig) -> np.ndarray:
    """Second level for weights: the codes [m][r][k] of the array, from lanes [row][column][m]."""
    rows, blocks = config.array.rows, config.blocks
    chosen = groups[:rows].copy()
    if shuffle == Shuffle.REVERSED:
        chosen = chosen[:, ::-1]
    elif shuffle == Shuffle.TRANSPOSED:
        chosen[:blocks, :blocks] = np.swapaxes(chosen[:blocks, :blocks], 0, 1).copy()
    elif shuffle == Shuffle.SHARED:
        chosen[1:2] = chosen[:1]
    return np.moveaxis(chosen, 2, 0)


def errors(groups, column: int, config: CCoreConfig) -> np.ndarray:
    """Second level for errors: the codes [m][k][w] of the array, tap 0 from the given column."""
    columns = [column, *range(1, TAPS)]
    return np.moveaxis(groups[: config.array.wpus, columns], (0, 1, 2), (2, 1, 0))
