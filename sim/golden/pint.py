"""PINT(k, d): decoding, stochastic conversion and quantisation of real tensors (numerics.md Sections 1, 3 and 4).

The random numbers of Section 2 are exported here too, so that one import serves the arithmetic.
"""

from functools import cache

import numpy as np

from hw.arch.pint import PintFormat

from .integers import integers
from .random import hash32, random16, tensor_key

__all__ = [
    "NEAREST",
    "SHIFT_MAX",
    "SHIFT_MIN",
    "X_WIDTH",
    "canonical",
    "decode",
    "encode",
    "hash32",
    "quantise",
    "random16",
    "saturated",
    "tensor_key",
    "value",
]

#: The random number that makes rounding nearest (half up).
NEAREST = 0x8000
#: Shifts are clamped to this range.
SHIFT_MIN, SHIFT_MAX = -18, 60
#: Width of the signed input of the conversion.
X_WIDTH = 48


@cache
def _values(k: int, d: int) -> np.ndarray:
    """Value of every code."""
    pint = PintFormat(k=k, d=d)
    codes = np.arange(1 << k, dtype=np.int64)
    flag, q = codes >> (k - 1), codes & ((1 << (k - 1)) - 1)
    q = np.where(q >= 1 << (k - 2), q - (1 << (k - 1)), q)
    small, middle, large = (q << shift for shift in pint.shifts)
    values = np.where(flag == 1, middle, np.where((-(1 << d) <= q) & (q < 1 << d), small, large))
    values.setflags(write=False)
    return values


def decode(codes, k: int = 8, d: int = 3) -> np.ndarray:
    """Value t of each code, int64.

    Raises
    ------
    TypeError
        If codes, k or d are not integers.
    ValueError
        If a code does not fit k bits, or (k, d) is illegal.
    """
    table = _values(k, d)
    return table[integers("PINT code", codes, 0, len(table) - 1)]


def _segment(t: np.ndarray, pint: PintFormat) -> np.ndarray:
    """Index of the finest segment, 0 to 2, whose range holds t."""
    low, middle = 1 << pint.d, 1 << (pint.k - 2 + pint.d)
    return np.where((-low <= t) & (t < low), 0, np.where((-middle <= t) & (t < middle), 1, 2))


def canonical(t, k: int = 8, d: int = 3) -> np.ndarray:
    """Canonical code of each value t, the code of the finest segment that holds it, int64.

    Raises
    ------
    ValueError
        If no code has the value t.
    """
    pint = PintFormat(k=k, d=d)
    t = integers("PINT value", t, pint.min, pint.max)
    segment = _segment(t, pint)
    q = t >> np.take(pint.shifts, segment)
    if (missing := q << np.take(pint.shifts, segment) != t).any():
        raise ValueError(f"{pint} has no code for the value {t[missing][0]}")
    return (segment == 1).astype(np.int64) << (k - 1) | (q & ((1 << (k - 1)) - 1))


def _floor(x, shift) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (x, clamped shift, floor(x / 2^shift)), x limited so that left shifts stay within int64.

    For a shift of at most 0, every |x| of 2^17 and more saturates in every format: limiting loses nothing.
    """
    x = integers("Conversion x", x, -(1 << (X_WIDTH - 1)), (1 << (X_WIDTH - 1)) - 1)
    shift = np.clip(integers("Conversion shift", shift, -(1 << 63), (1 << 63) - 1), SHIFT_MIN, SHIFT_MAX)
    x = np.where(shift <= 0, np.clip(x, -(1 << 20), 1 << 20), x)
    return x, shift, (x >> np.maximum(shift, 0)) << np.maximum(-shift, 0)


def _overflow(floor: np.ndarray, pint: PintFormat) -> tuple[np.ndarray, np.ndarray]:
    return floor < pint.min, floor >= -pint.min


def saturated(x, shift, k: int = 8, d: int = 3) -> np.ndarray:
    """Whether `encode` saturates and counts each element: floor(x / 2^s) outside [-2^(2(k-2)), 2^(2(k-2)))."""
    pint = PintFormat(k=k, d=d)
    below, above = _overflow(_floor(x, shift)[2], pint)
    return below | above


def encode(x, shift, random16, k: int = 8, d: int = 3) -> np.ndarray:
    """Conversion enc(x, s, r16): canonical code of x / 2^s, rounded stochastically within its segment.

    t = min((q + ((f + r16) >> 16)) << segment, max), q and f the integer part and the 16 fraction bits of
    x / 2^(s + segment); the segment is chosen by floor(x / 2^s). Arguments broadcast; codes are int64.

    Parameters
    ----------
    x : array of int
        Wide value, signed, up to 48 bits.
    shift : array of int
        s, clamped to -18 .. 60.
    random16 : array of int
        Rounding noise, 16 bits; 8000h rounds to nearest.
    k, d : int
        The PINT format.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If x, random16 or (k, d) is out of its range.
    """
    pint = PintFormat(k=k, d=d)
    x, shift, floor = _floor(x, shift)
    noise = integers("Conversion random16", random16, 0, 0xFFFF)
    segment = np.take(pint.shifts, _segment(floor, pint))
    n = np.minimum(shift + segment, 63)  # beyond 47, x >> n is 0 or -1 all the same
    right, left = np.maximum(n, 0), np.maximum(-n, 0)
    q = (x >> right) << left
    f = ((x >> np.maximum(right - 16, 0)) << np.maximum(16 - right, 0)) & 0xFFFF  # 0 for n <= 0
    t = np.minimum((q + ((f + noise) >> 16)) << segment, pint.max)
    below, above = _overflow(floor, pint)
    return canonical(np.where(above, pint.max, np.where(below, pint.min, t)), k, d)


def value(codes, exponent: int, k: int = 8, d: int = 3) -> np.ndarray:
    """Real value t * 2^exponent of each code, float64."""
    return np.ldexp(decode(codes, k, d).astype(np.float64), exponent)


def quantise(values, k: int = 8, d: int = 3, random16=NEAREST) -> tuple[np.ndarray, int]:
    """Quantise a real tensor to (codes, exponent), its value being decode(codes) * 2^exponent.

    The exponent is the smallest e with max |x| < 2^(2(k-2) + e), 0 for a tensor of zeros: numerics.md Section 4
    with O the tensor itself. Rounding is that of `encode`, by default to nearest.

    Raises
    ------
    ValueError
        If a value is not finite, or (k, d) is illegal.
    """
    pint = PintFormat(k=k, d=d)
    values = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError("Quantised values must be finite")
    largest = np.max(np.abs(values), initial=0.0)
    magnitude = 2 * (pint.k - 2)
    exponent = int(np.frexp(largest)[1]) - magnitude if largest else 0
    fraction = X_WIDTH - 1 - magnitude  # at least 31 bits: all that encode looks at
    fixed = np.floor(np.ldexp(values, fraction - exponent)).astype(np.int64)
    fixed = np.where(values < 0, np.minimum(fixed, -1), fixed)  # a negative value that underflowed
    return encode(fixed, fraction, random16, k, d), exponent
