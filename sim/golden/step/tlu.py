"""Threshold linear unit z = max(y, tau), forward and backward (ETA, eq. 13; numerics.md Sections 6 and 7)."""

import numpy as np

from sim.golden.conv import wrap

from .frn import SUM_BITS

__all__ = ["backward", "forward"]


def forward(y, tau) -> tuple[np.ndarray, np.ndarray]:
    """(z, bitmap b) with b = (y >= tau), z = b ? y : tau; y is NCHW, tau [c], both at exponent -24."""
    tau = np.asarray(tau, np.int64)[:, None, None]
    passed = y >= tau
    return np.where(passed, y, tau), passed


def backward(dz, passed) -> tuple[np.ndarray, np.ndarray]:
    """(dy, dtau): dy = b ? dz : 0, and the sum of the other dz per channel, [c], modulo 2^56."""
    dy = np.where(passed, dz, 0)
    return dy, wrap(dz.sum(axis=(0, 2, 3)) - dy.sum(axis=(0, 2, 3)), SUM_BITS)
