"""Two's complement overflow of a sum."""

from amaranth.hdl import Value

__all__ = ["overflows"]


def overflows(total, a, b) -> Value:
    """Whether `a` + `b` leaves its width, given `total`, the sum cut to that width.

    All three are of one width. Terms of one sign whose sum has the other: one LUT beside the adder, whose own exclusive
    OR of the signs it shares.
    """
    return ~(a[-1] ^ b[-1]) & (total[-1] ^ a[-1])
