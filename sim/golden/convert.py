"""The conversion to PINT(8, 3) that gives values instead of codes, in few passes: what training computes with."""

import numpy as np

from hw.arch.pint import PintFormat

from .pint import SHIFT_MAX, SHIFT_MIN

__all__ = ["convert"]

_PINT = PintFormat()
_, _MIDDLE, _LARGE = _PINT.shifts
#: |x / 2^s| from which on a value is in the middle and in the large segment, or saturates, with 16 fraction bits.
_MIDDLE_FROM, _LARGE_FROM, _BEYOND = (1 << bits + 16 for bits in (_PINT.d, _LARGE + _PINT.d, 2 * _LARGE))
_FAR = 2 * _BEYOND
#: Elements that are converted at a time.
_BLOCK = 1 << 15


def convert(x, shift, random16) -> np.ndarray:
    """Return decode(encode(x, shift, random16)) of :mod:`sim.golden.pint` for PINT(8, 3), int64.

    t = min(floor(x / 2^n + r / 2^16) << k, 4032), n = shift + k, the fraction of x / 2^n cut to 16 bits.

    Parameters
    ----------
    x : array of int64, 48 bits
    shift : array of int that broadcasts with x
    random16 : array of uint16 of the shape of x, or int
    """
    x, s = np.asarray(x, np.int64), np.clip(np.asarray(shift, np.int64), SHIFT_MIN, SHIFT_MAX)
    if x.size <= _BLOCK:
        return _convert(x, s, random16).astype(np.int64)
    t, rows = np.empty(x.shape, np.int64), max(1, _BLOCK * len(x) // x.size)
    for first in range(0, len(x), rows):  # a few images at a time stay in the cache
        part = slice(first, first + rows)
        each = s[part] if s.ndim == x.ndim and len(s) > 1 else s
        t[part] = _convert(x[part], each, random16[part] if np.ndim(random16) else random16)
    return t


def _convert(x, s, random16) -> np.ndarray:
    """The same at clamped shifts: with 16 fraction bits in int32, limited where it saturates anyway."""
    up = np.maximum(16 - s, 0)
    y = np.clip(x >> np.maximum(s - 16, 0), -_FAR >> up, np.maximum(_FAR >> up, 1))
    if up.any():
        y = np.clip(y << up, -_FAR, _FAR)
    y = y.astype(np.int32)
    magnitude = y ^ (y >> 31)
    k = (magnitude >= _MIDDLE_FROM) * np.int32(_MIDDLE) + (magnitude >= _LARGE_FROM) * np.int32(_LARGE - _MIDDLE)
    t = np.minimum(((y >> k) + random16 >> 16) << k, _PINT.max)
    beyond = magnitude >= _BEYOND
    return np.where(beyond, np.where(y < 0, _PINT.min, _PINT.max), t) if beyond.any() else t
