"""Golden model of the array: what its partial-sum ports carry, pass by pass."""

import numpy as np

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import MIXED_PORTS, PORTS, SPLIT_PORTS, TAP_PORTS, Head, Ports
from sim.golden.conv import wrap
from sim.golden.pint import decode

from .passes import GradientPass, StationaryPass

__all__ = ["run", "stationary_ports"]


def run(passes, config: ArrayConfig, memory: np.ndarray) -> list[np.ndarray]:
    """Run passes on a flat int64 `memory` of partial sums, in place.

    Returns
    -------
    One int64 array a pass, [slot or beat][m][w][port]: the values on the ports, zero where `address` is -1.
    """
    return [_accumulate(memory, each.address, port_values(each, config), config.acc_bits) for each in passes]


def port_values(each: StationaryPass | GradientPass, config: ArrayConfig) -> np.ndarray:
    """What a pass adds to the partial sums, [slot or beat][m][w][port]; 0 on ports that its mode does not use."""
    x = decode(each.x, config.pint.k, config.pint.d)
    if isinstance(each, GradientPass):
        return _gradients(x, decode(each.e, config.pint.k, config.pint.d), each, config)
    w = decode(each.w, config.pint.k, config.pint.d)
    return stationary_ports(np.einsum("swrck,cmrk->smwrk", x, w, optimize=True), each.ports)


def _accumulate(memory, address, values, acc_bits) -> np.ndarray:
    """Add the values to their addresses, which a pass meets once each."""
    taken = address >= 0
    where = address[taken]
    memory[where] = wrap(memory[where] + values[taken], acc_bits)
    return np.where(taken, memory[np.maximum(address, 0)], 0)


def stationary_ports(q, ports: Ports) -> np.ndarray:
    """Ports of the chains' sums q [slot][m][w][r][k], as :class:`hw.arch.array.control.Ports` defines them."""
    values = np.zeros((*q.shape[:3], PORTS), dtype=np.int64)
    middle = q[..., 1, :] if q.shape[3] > 1 else np.zeros_like(q[..., 0, :])
    outer = q.sum(axis=3) - middle
    if ports == Ports.TOTAL:
        values[...] = q.sum(axis=(3, 4))[..., None]
    elif ports == Ports.TAPS:
        values[..., TAP_PORTS] = q.sum(axis=3)
    elif ports == Ports.MIXED:
        values[..., MIXED_PORTS[0]], values[..., MIXED_PORTS[1]] = middle.sum(axis=3), outer.sum(axis=3)
    elif ports == Ports.SPLIT:
        for (row_class, tap_class), port in SPLIT_PORTS.items():
            rows = (middle, outer)[row_class]
            values[..., port] = rows[..., 1] if tap_class == 0 else rows[..., 0] + rows[..., 2]
    return values


def _gradients(x, e, each: GradientPass, config: ArrayConfig) -> np.ndarray:
    """Ports of a drain: column channels-1 first, `beats` beats a column, row beat*wpus + w on WPU w."""
    if each.head == Head.ERROR_ROW:
        e = np.repeat(e[:, :, :1], TAPS, axis=2)
    sums = np.einsum("swrck,smkw->cmrk", x, e, optimize=True)
    values = np.zeros((len(each.address), config.clusters, config.wpus, PORTS), dtype=np.int64)
    for n in range(len(values)):
        column = sums[config.channels - 1 - n // config.beats]
        first = n % config.beats * config.wpus
        for w, r in enumerate(range(first, min(first + config.wpus, config.rows))):
            values[n, :, w, TAP_PORTS] = column[:, r].T
    return values
