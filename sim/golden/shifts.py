"""Shifts, saturation and bit lengths on int64 (numerics.md Section 0)."""

import numpy as np

__all__ = ["bit_length", "rsh", "rz", "saturate", "shift_left", "stochastic_shift"]

#: Left shifts saturate here, beyond every width that a result is saturated to.
_LIMIT = 1 << 62


def saturate(x, bits: int) -> np.ndarray:
    """Clamp to `bits`-bit two's complement (satB)."""
    return np.clip(x, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def shift_left(x, s) -> np.ndarray:
    """x * 2^s for s >= 0, saturated at +-2^62."""
    x, s = np.asarray(x, np.int64), np.minimum(s, 62)
    limit = np.right_shift(_LIMIT, s)
    return np.clip(x, -limit, limit) << s


def rsh(x, s) -> np.ndarray:
    """(x + 2^(s-1)) >> s for s > 0, x << -s otherwise: a shift that rounds half up."""
    x, s = np.asarray(x, np.int64), np.asarray(s, np.int64)
    if np.all(s > 0):
        return ((x >> np.minimum(s - 1, 62)) + 1) >> 1
    if np.all(s <= 0):
        return shift_left(x, -s)
    return np.where(s > 0, rsh(x, np.maximum(s, 1)), shift_left(x, np.maximum(-s, 0)))


def rz(x, s: int) -> np.ndarray:
    """x / 2^s, rounded toward zero."""
    x = np.asarray(x, np.int64)
    return (x + ((x >> 63) & ((1 << s) - 1))) >> s


def stochastic_shift(x, s: int, random16) -> np.ndarray:
    """SR(x, s): x << -s for s <= 0, else (((x << 16) >> s) + random16) >> 16.

    Written without the shift by 16, which would overflow: its lower bits are zeros that the noise falls on.
    """
    x = np.asarray(x, np.int64)
    if s <= 0:
        return shift_left(x, -s)
    if s < 16:
        return (x + (np.asarray(random16, np.int64) >> (16 - s))) >> s
    return ((x >> min(s - 16, 63)) + random16) >> 16


def bit_length(x) -> np.ndarray:
    """Bits of each n >= 0, 0 for 0; exact below 2^53."""
    return np.frexp(np.asarray(x, np.float64))[1].astype(np.int64)
