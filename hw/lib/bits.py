"""Small functions of bits, written so that synthesis needs few LUTs."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Value

__all__ = ["add", "choose", "differ", "join", "plus"]


def add(a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry of signed a and b in one carry chain: the carry comes in through a bit below the lowest."""
    return (Cat(Const(1, 1), a).as_signed() + Cat(carry, b).as_signed()) >> 1


def choose(select: Value, choices) -> Value:
    """Return choices[select] of four of one width: a sum of products, of which synthesis makes one LUT a bit."""
    return reduce(or_, (choice & (select == n).replicate(len(choice)) for n, choice in enumerate(choices)))


def differ(bits: Value, sign: Value | None = None) -> Value:
    """Whether not all bits are equal to the sign, by default their topmost."""
    return (bits ^ (bits[-1] if sign is None else sign).replicate(len(bits))).any()


def join(values) -> Value:
    """OR of any number of values, at least one, as a balanced tree: a chain of thousands is too deep for Amaranth."""
    values = list(values)
    while len(values) > 1:
        values = [reduce(or_, values[i : i + 2]) for i in range(0, len(values), 2)]
    return values[0]


def plus(a: Value, b: Value) -> Value:
    """a + b in the bits of both; as a - ~b - 1, so that Yosys puts what makes b into the LUTs of the adder."""
    return (Cat(0, a) - Cat(1, ~b))[1 : len(a) + 1].as_signed()
