"""Small functions of bits, written so that synthesis needs few LUTs."""

from amaranth.hdl import Cat, Const, Mux, Value

__all__ = ["add", "choose", "differ"]


def add(a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry of signed a and b in one carry chain: the carry comes in through a bit below the lowest."""
    return (Cat(Const(1, 1), a).as_signed() + Cat(carry, b).as_signed()) >> 1


def choose(select: Value, choices) -> Value:
    """Return choices[select] of four, by a tree."""
    a, b, c, d = choices
    return Mux(select[1], Mux(select[0], d, c), Mux(select[0], b, a))


def differ(bits: Value, sign: Value | None = None) -> Value:
    """Whether not all bits are equal to the sign, by default their topmost."""
    return (bits ^ (bits[-1] if sign is None else sign).replicate(len(bits))).any()
