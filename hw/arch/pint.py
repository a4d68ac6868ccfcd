"""The PINT(k, d) number format (ETA, Section III-A, eq. 9; numerics.md Section 1)."""

from dataclasses import dataclass

from .checks import ConfigError

__all__ = ["PintFormat"]


@dataclass(frozen=True)
class PintFormat:
    """Widths and limits of PINT(k, d): one flag bit (MSB) and a (k-1)-bit signed integer q.

    The value t is q * 2^d with flag 1; q itself with flag 0 and q in [-2^d, 2^d); else q * 2^(k-2).

    Parameters
    ----------
    k : int
        Code width in bits, 4 to 10. The upper bound is the 18-bit port of the DSP slice.
    d : int
        Split point, 1 to k-3.

    Raises
    ------
    TypeError
        If a parameter is not an integer.
    ConfigError
        If a parameter is out of its range.
    """

    k: int = 8
    d: int = 3

    def __post_init__(self):
        for name in ("k", "d"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"PINT {name} must be an integer, not {value!r}")
        if not 4 <= self.k <= 10:
            raise ConfigError(f"PINT k must be 4 to 10, not {self.k}")
        if not 1 <= self.d <= self.k - 3:
            raise ConfigError(f"PINT d must be 1 to k-3 = {self.k - 3}, not {self.d}")

    @property
    def shifts(self) -> tuple[int, int, int]:
        """Scale of the three segments as shifts: (0, d, k-2)."""
        return (0, self.d, self.k - 2)

    @property
    def value_width(self) -> int:
        """Bits of the signed value t: 2(k-2)+1 (13 for the default)."""
        return 2 * (self.k - 2) + 1

    @property
    def product_width(self) -> int:
        """Bits of the signed product of two values."""
        return 2 * self.value_width

    @property
    def min(self) -> int:
        """The smallest value, -2^(2(k-2)) (-4096 for the default)."""
        return -(1 << 2 * (self.k - 2))

    @property
    def max(self) -> int:
        """The largest value, (2^(k-2) - 1) * 2^(k-2) (4032 for the default)."""
        return ((1 << (self.k - 2)) - 1) << (self.k - 2)

    def __str__(self):
        return f"PINT({self.k},{self.d})"
