"""The conversion to PINT(8, 3) that gives values instead of codes, in few passes: what training computes with."""

import numpy as np

from hw.spec.pint import PintFormat

from .pint import SHIFT_MAX, SHIFT_MIN

__all__ = ["convert"]

_PINT = PintFormat()
_, _MIDDLE, _LARGE = _PINT.shifts
_SMALL_LIMIT, _MIDDLE_LIMIT, _LIMIT = 1 << _PINT.d, 1 << (_LARGE + _PINT.d), 1 << 2 * _LARGE


def convert(x, shift, random16) -> np.ndarray:
    """Return decode(encode(x, shift, random16)) of :mod:`sim.golden.pint` for PINT(8, 3), int64.

    t = min(floor(x / 2^n + r / 2^16) << k, 4032), n = shift + k, the fraction of x / 2^n cut to 16 bits.

    Parameters
    ----------
    x : array of int64, 48 bits
    shift : array of int that broadcasts with x
    random16 : array of int
    """
    x, s = np.asarray(x, np.int64), np.clip(np.asarray(shift, np.int64), SHIFT_MIN, SHIFT_MAX)
    if s.min(initial=0) < 0:  # beyond 2^20 all saturates at these shifts; keep left shifts within int64
        x = np.where(s < 0, np.clip(x, -(1 << 20), 1 << 20), x)
        floor = (x >> np.maximum(s, 0)) << np.maximum(-s, 0)
    else:
        floor = x >> s
    magnitude = floor ^ (floor >> 63)
    k = (magnitude >= _SMALL_LIMIT) * np.int64(_MIDDLE) + (magnitude >= _MIDDLE_LIMIT) * np.int64(_LARGE - _MIDDLE)
    n = s + (k - 16)
    fixed = x >> n if s.min(initial=64) >= 16 else (x >> np.maximum(n, 0)) << np.maximum(-n, 0)
    t = np.minimum(((fixed + random16) >> 16) << k, _PINT.max)
    beyond = magnitude >= _LIMIT
    if beyond.any():
        t = np.where(beyond, np.where(floor < 0, _PINT.min, _PINT.max), t)
    return t
