"""Multiplexers and rotations of the C-Core's networks, in digits of two bits: one six-input LUT a bit and digit.

Synthesis would share the two-way multiplexers inside of neighbours' four-way ones, and then make three LUTs of two
such bits. Neighbours that choose by the Gray code of the digit, out of registers, have none in common.
"""

from amaranth.hdl import Cat, Mux, Signal
from amaranth.utils import ceil_log2

__all__ = ["choose", "gray_digits", "rotated"]


def choose(select, options, gray=None):
    """options[select] as a tree of two-way multiplexers, by `gray`, if given, where there are four options.

    A `select` beyond the last option gives any of them.
    """
    if gray is not None and len(options) == 4:
        zero, one, two, three = options
        return choose(gray, [zero, one, three, two])
    if len(options) == 1:
        return options[0]
    bit = ceil_log2(len(options)) - 1
    return Mux(select[bit], choose(select, options[1 << bit :]), choose(select, options[: 1 << bit]))


def gray_digits(value):
    """Every two bits of `value` in Gray code; a single highest bit as it is."""
    digits = (value[low : low + 2] for low in range(0, len(value), 2))
    return Cat(Cat(digit[0] ^ digit[1], digit[1]) if len(digit) == 2 else digit for digit in digits)


def rotated(m, lanes, turn, gray, *, name: str, step: int = 1):
    """[lanes[(i + step * turn) mod n] for i in range(n)], n = len(lanes), as signals named `<name>_<digit>_<i>`.

    Combinational; one multiplexer of at most four lanes for every two bits of `turn`. `gray` is `gray_digits(turn)`.
    """
    count = len(lanes)
    for low in range(0, len(turn), 2):
        digit, stride = slice(low, low + 2), step << low
        turned = [Signal.like(lane, name=f"{name}_{low // 2}_{i}") for i, lane in enumerate(lanes)]
        for i, lane in enumerate(turned):
            sources = [lanes[(i + stride * value) % count] for value in range(1 << len(turn[digit]))]
            other = gray[digit] if i // (2 * stride) % 2 else None
            m.d.comb += lane.eq(choose(turn[digit], sources, other))
        lanes = turned
    return lanes
