"""Random passes of the array: any port mode or head, any length, random codes and partial sums."""

from collections.abc import Iterable

import numpy as np

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS, RESULT_PORTS, Head, Ports
from sim.golden.array.passes import NOWHERE, GradientPass, StationaryPass, carries

__all__ = ["KINDS", "every_change", "random_memory", "random_passes"]

#: Kinds of passes: weight stationary by what the ports carry, output stationary by what feeds the chains.
KINDS = (Ports.TOTAL, Ports.SPLIT, Ports.TAPS, Ports.MIXED, Head.ERROR_ROW, Head.ERROR_TAP)

#: Share of the results that nobody takes.
_DROPPED = 0.1


def every_change() -> list[Ports | Head]:
    """Kinds in an order in which each kind follows each, itself included."""
    return [kind for before in KINDS for after in KINDS for kind in (before, after)]


def random_memory(config: ArrayConfig, rng: np.random.Generator, slots: int) -> np.ndarray:
    """Partial sums over the whole range of their width, for passes of up to `slots` slots."""
    results = max(slots, config.channels * config.beats) * config.wpus * PORTS
    half = 1 << (config.acc_bits - 1)
    return rng.integers(-half, half, config.clusters * results)


def random_passes(
    config: ArrayConfig, rng: np.random.Generator, work: Iterable[tuple[Ports | Head, int]], sums: int
) -> list[StationaryPass | GradientPass]:
    """Passes of random codes.

    Parameters
    ----------
    config : ArrayConfig
    rng : numpy.random.Generator
    work : iterable of (kind, slots)
    sums : int
        Partial sums in memory. Each pass adds to a random choice of them. Clusters share none: the results of a pass
        may leave a later cluster after those of the next pass leave an earlier one.
    """
    return [_random_pass(config, rng, kind, slots, sums) for kind, slots in work]


def _random_pass(config, rng, kind: Ports | Head, slots: int, sums: int) -> StationaryPass | GradientPass:
    def codes(*shape):
        return rng.integers(0, 1 << config.pint.k, shape)

    stationary = isinstance(kind, Ports)
    mode = kind if stationary else Ports.GRADIENT
    count = slots if stationary else config.channels * config.beats
    share = sums // config.clusters
    places = [m * share + rng.permutation(share)[: count * config.wpus * PORTS] for m in range(config.clusters)]
    address = np.stack([place.reshape(count, config.wpus, PORTS) for place in places], axis=1)
    taken = carries(config, mode, count, RESULT_PORTS[mode]) & (rng.random(address.shape) >= _DROPPED)
    address = np.where(taken, address, NOWHERE)
    x = codes(slots, config.wpus, config.rows, config.channels, TAPS)
    if stationary:
        w = codes(config.channels, config.clusters, config.rows, TAPS)
        return StationaryPass(x=x, w=w, ports=kind, address=address)
    return GradientPass(x=x, e=codes(slots, config.clusters, TAPS, config.wpus), head=kind, address=address)
