"""Golden model of the partial sums: what they hold, what overflows, and the sums of |x|."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from sim.golden.conv import wrap

__all__ = ["PartialSums"]


def _bits(word: int, count: int) -> np.ndarray:
    return (word >> np.arange(count) & 1).astype(bool)


@dataclass
class PartialSums:
    """State of the partial sums between operations.

    sums : int64 [half][port][address][m][w]
    maps : sums of |x| of the complete maps, [m] each.
    """

    config: CCoreConfig
    sums: np.ndarray = field(init=False)
    maps: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self):
        size = (self.config.array.clusters, self.config.array.wpus)
        self.sums = np.zeros((2, PORTS, self.config.psum_depth, *size), np.int64)
        self._parts, self._total = np.zeros(size, np.int64), np.zeros(size[0], np.int64)

    def take(self, op: Mapping[str, int], values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do an operation, :func:`hw.arch.ccore.psums.psum_op`, on what the array adds, [m][w][port].

        Returns
        -------
        ps_i, ps_o : int64 [m][w][port]
        """
        address = np.array([op["address_inner"], *[op["address"]] * (PORTS - 1)])
        ports = np.arange(PORTS)
        held = np.moveaxis(self.sums[op["half"], ports, address], 0, -1)
        ps_i = np.where(_bits(op["start"], PORTS), 0, held)
        ps_o = wrap(ps_i + values, self.config.array.acc_bits)
        kept = ports[_bits(op["write"], PORTS)]
        self.sums[op["half"], kept, address[kept]] = np.moveaxis(ps_o[..., kept], -1, 0)
        self._magnitudes(op, ps_o)
        return ps_i, ps_o

    def _magnitudes(self, op, ps_o):
        wpus, mask = self.config.array.wpus, (1 << self.config.sum_bits) - 1
        if op["sum"]:
            self._parts += np.where(_bits(op["live"], wpus), np.abs(ps_o[..., op["sum_port"]]), 0)
        for w in np.flatnonzero(_bits(op["flush"], wpus)):
            self._total += self._parts[:, w]
            self._parts[:, w] = 0
            if op["final"] >> int(w) & 1:
                self.maps.append(self._total & mask)
                self._total = np.zeros_like(self._total)

    def overflow(self, op: Mapping[str, int], flags: np.ndarray) -> np.ndarray:
        """Clusters in which the array's flags [m][w][port] mean that a sum was lost, [m]."""
        array = self.config.array
        return (flags & _bits(op["write"], PORTS)).any(axis=(1, 2)) & (np.arange(array.clusters) < op["active"])
