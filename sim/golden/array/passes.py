"""Passes of the array: runs of slots with fixed weights (stationary) or fixed sums (gradients)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import PORTS, Head, Ports

__all__ = ["NOWHERE", "GradientPass", "StationaryPass", "carries"]

#: Address of a port whose value nobody takes.
NOWHERE = -1


@dataclass(frozen=True)
class StationaryPass:
    """Weight stationary: one result a slot and port.

    Arrays: `x` codes [slot][w][r][c][k]; `w` codes [c][m][r][k]; `address` [slot][m][w][port], the flat index of the
    result that each port adds to, -1 where none.
    """

    x: np.ndarray
    w: np.ndarray
    ports: Ports
    address: np.ndarray

    def __len__(self):
        return len(self.x)

    def length(self, config: ArrayConfig) -> int:
        """Cycles until the next pass: the slots, at least as many as the next weights need to load."""
        return max(len(self), config.channels)


@dataclass(frozen=True)
class GradientPass:
    """Output stationary: one sum a MAC, drained at the end.

    Arrays: `x` codes [slot][w][r][c][k]; `e` codes [slot][m][k][w]; `address` [beat][m][w][port], column
    channels-1 first, `config.beats` beats a column.
    """

    x: np.ndarray
    e: np.ndarray
    head: Head
    address: np.ndarray

    def __len__(self):
        return len(self.x)

    def length(self, config: ArrayConfig) -> int:
        """Cycles until the next pass: the slots, and the drain but for the cycle it shares with the last slot."""
        return len(self) + config.channels * config.beats - 1


def carries(config: ArrayConfig, mode: Ports, results: int, ports: Iterable[int]) -> np.ndarray:
    """Where `ports` carry one of `results` results, [slot or beat][m][w][port].

    Of a gradient those of the WPUs with a row in the beat, else those of all WPUs.
    """
    used = np.zeros((results, config.clusters, config.wpus, PORTS), bool)
    used[..., list(ports)] = True
    if mode == Ports.GRADIENT:
        beat = np.arange(results) % config.beats
        row = beat[:, None] * config.wpus + np.arange(config.wpus)
        used &= (row < config.rows)[:, None, :, None]
    return used
