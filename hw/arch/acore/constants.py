"""Constants of a chain, each with the shape of its register."""

from amaranth.hdl import signed, unsigned

from hw.arch.fields import Numbers, member

from .sizes import COUNT_BITS

__all__ = ["CONVERT_LARGEST", "CONVERT_LEAST", "Constant"]

#: The values of constant `convert` that count.
CONVERT_LEAST, CONVERT_LARGEST = -29, 63


class Constant(Numbers):
    """Constants of a chain, set by `set` or by a command; they keep their value, in the shape of their member."""

    SHIFT = member(0, "left shift of t by u - 16, rounded half up where negative; u 0 to 53", unsigned(6))
    SCALE = member(1, "or a factor of t; the last of both that was set counts", unsigned(17))
    RESCALE = member(2, "u of the rescaler: shift right by 16 - u, by 31 - u for noise16; u -33 to 63", signed(7))
    NORMALISE = member(3, "shift of x_hat right by n + 4, rounded half up; n 0 to 17", unsigned(5))
    CONVERT = member(4, "u of the conversion: x / 2^(31 - u), and counts as the nearest of -29 to 63", signed(8))
    FACTOR0 = member(5, "factor of the multiply-add 0", signed(18))
    FACTOR1 = member(6, "factor of the multiply-add 1", signed(18))
    ADD = member(7, "summand of the front, 32 bits where a code is shifted", signed(48))
    COMPARE = member(8, "threshold, or mean", signed(32))
    COUNT = member(9, "elements of a map, or windows, at least 1", unsigned(COUNT_BITS))
    GROUP = member(10, "beats of a group, at most 4096; 1 where the chain does not pool", unsigned(13))
    INDEX = member(11, "index of the first element", unsigned(32))
    STRIDE = member(12, "distance of the indices of neighbouring elements", unsigned(32))
    NEAREST = member(13, "1: rounding noise is 8000h", unsigned(1))
    KEY0_LOW = member(16, "key of noise 0, bits 31:0", unsigned(32))
    KEY0_HIGH = member(17, "bits 63:32", unsigned(32))
    KEY1_LOW = member(18, "key of noise 1", unsigned(32))
    KEY1_HIGH = member(19, "bits 63:32", unsigned(32))
