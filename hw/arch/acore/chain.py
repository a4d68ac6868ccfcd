"""Chains: orders of the basic operations of ETA, Section IV-C, that a map streams through.

Every unit of a lane names where its input comes from; :data:`Chain` is the word of all these choices.
"""

from amaranth.hdl import unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Word, member

__all__ = [
    "Addend",
    "Chain",
    "Factor",
    "Mask",
    "Multiplicand",
    "Outcome",
    "Pool",
    "Rescale",
    "Side",
    "Source",
    "Statistic",
]


class Mask(Choice, enum.Enum, shape=unsigned(2)):
    """What lets the front's sum through; else it is 0."""

    NONE = member(0, "all pass")
    BITS = member(1, "stream `bits`, the TLU's bitmap")
    PLACE = member(2, "bytes 0 and 1 of stream `side` are equal: index of the maximum and place in the window")


class Pool(Choice, enum.Enum, shape=unsigned(2)):
    """Accumulation of a lane over a group of beats, on the front's sum."""

    NONE = member(0, "none")
    SUM = member(1, "sum, 25 bits")
    MAX = member(2, "maximum of values of 13 bits, with the place of the first one")


class Source(Choice, enum.Enum, shape=unsigned(2)):
    """Input of the rescaler."""

    NONE = member(0, "idle")
    WIDE = member(1, "stream `wide`: the chain starts here, and the front joins it before the multiply-add 1")
    FRONT = member(2, "the front's sum")
    PRODUCT = member(3, "the multiply-add 0")


class Rescale(Choice, enum.Enum, shape=unsigned(2)):
    """Rounding and saturation of the rescaler."""

    FLOOR25 = member(0, "down, to 25 bits")
    HALF25 = member(1, "half up, to 25 bits")
    HALF48 = member(2, "half up, to 48 bits")
    NOISE16 = member(3, "stochastically (noise 0), to 16 bits")


class Multiplicand(Choice, enum.Enum, shape=unsigned(2)):
    """Input of the multiply-add 0."""

    NONE = member(0, "idle")
    CENTRED = member(1, "the rescaler, less sign(t of stream `side`) * `compare` where the chain centres")
    SIDE = member(2, "stream `side` (INT16); the front's sum is added to the product unless z takes it")
    POOL = member(3, "the lane's accumulation")


class Factor(Choice, enum.Enum, shape=unsigned(1)):
    """Factor of the multiply-add 0."""

    CONSTANT = member(0, "constant `factor0`")
    SIDE = member(1, "t of stream `side`, taken with the rescaler")


class Addend(Choice, enum.Enum, shape=unsigned(2)):
    """Summand of the multiply-add 1, whose product is 0 but where the chain normalises."""

    NONE = member(0, "idle")
    FRONT = member(1, "the front's sum")
    PRODUCT = member(2, "the multiply-add 0")
    RESCALED = member(3, "the rescaler")


class Outcome(Choice, enum.Enum, shape=unsigned(2)):
    """What becomes z."""

    ADDED = member(0, "the multiply-add 1, compared with `compare` and saturated to 48 bits")
    RESCALED = member(1, "the rescaler")
    LESS = member(
        2, "the front's sum, less the rescaler's before it saturates; after stochastic rounding to 16 bits, else 48"
    )


class Side(Choice, enum.Enum, shape=unsigned(2)):
    """What stream `side_o` carries."""

    NONE = member(0, "nothing")
    PINT = member(1, "PINT code of x_hat (noise 0)")
    PLACE = member(2, "place of the maximum")


class Statistic(Choice, enum.Enum, shape=unsigned(2)):
    """What accumulator 0 sums."""

    NONE = member(0, "nothing")
    MAGNITUDE = member(1, "|z|")
    MASKED = member(2, "the front's sums that the mask stops")


#: One order of the operations; every unit names where its input comes from.
Chain = Word(
    "Chain",
    "One order of the operations; every unit names where its input comes from.",
    Field("wide", unsigned(1), "the front takes stream `wide`"),
    Field("code", unsigned(1), "the front takes t of stream `code`, times `scale` or shifted"),
    Field("add", unsigned(1), "the front takes constant `add`"),
    Field("mask", Mask, "what lets the front's sum through"),
    Field("pool", Pool, "accumulation of a lane over a group of beats"),
    Field("source", Source, "input of the rescaler"),
    Field("rescale", Rescale, "its rounding"),
    Field("centre", unsigned(1), "subtract sign(t of `side`) * `compare` after the rescaler"),
    Field("multiplicand", Multiplicand, "input of the multiply-add 0"),
    Field("side_pint", unsigned(1), "that input is t of the PINT code on `side`"),
    Field("factor", Factor, "factor of the multiply-add 0"),
    Field("normalise", unsigned(1), "the multiply-add 1 adds x_hat * `factor1`, x_hat the multiply-add 0 in 18 bits"),
    Field("addend", Addend, "summand of the multiply-add 1"),
    Field("outcome", Outcome, "what becomes z"),
    Field("threshold", unsigned(1), "z = max(y, `compare`)"),
    Field("code_o", unsigned(1), "stream `code_o` carries z, converted (noise 1)"),
    Field("word_o", unsigned(1), "stream `word_o` carries z"),
    Field("bits_o", unsigned(1), "stream `bits_o` carries y >= `compare`"),
    Field("side_o", Side, "what stream `side_o` carries"),
    Field("statistic", Statistic, "what accumulator 0 sums"),
    Field("inner", unsigned(1), "the OR of magnitudes is that of the multiply-add 0, not of z"),
    Field("sum1", unsigned(1), "accumulator 1 sums the rescaler"),
    Field("sum2", unsigned(1), "accumulator 2 sums the multiply-add 0"),
)
