"""A positive factor as the host gives it to the machine: a 16-bit mantissa and an exponent (numerics.md Section 9)."""

import math
from dataclasses import dataclass

__all__ = ["Factor"]


@dataclass(frozen=True)
class Factor:
    """m * 2^e with m in [2^15, 2^16), or 0 with exponent -16."""

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
