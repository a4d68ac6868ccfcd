"""Numbers that the host gives the machine as integers: factors with an exponent, and reciprocals."""

import math
from dataclasses import dataclass

__all__ = ["Factor", "reciprocal"]


@dataclass(frozen=True)
class Factor:
    """A positive factor m * 2^e with m in [2^15, 2^16), or 0 with exponent -16 (numerics.md Section 9)."""

    m: int
    e: int

    @classmethod
    def nearest(cls, value: float) -> "Factor":
        """The factor next to a value: m = floor(f * 2^16 + 1/2), value = f * 2^x, f in [1/2, 1), e = x - 16.

        Raises
        ------
        ValueError
            If the value is negative or not finite.
        """
        if not 0 <= value < math.inf:
            raise ValueError(f"Factor must be at least 0 and finite, not {value!r}")
        fraction, exponent = math.frexp(value)
        m = math.floor(fraction * 65536 + 0.5)
        return cls(1 << 15, exponent - 15) if m == 1 << 16 else cls(m, exponent - 16)


def reciprocal(pixels: int) -> tuple[int, int]:
    """(nr, shift) with 1/N = nr * 2^-shift: nr = floor(2^(bN+15) / N), shift = bN + 15 (numerics.md Section 8)."""
    shift = pixels.bit_length() + 15
    return (1 << shift) // pixels, shift
