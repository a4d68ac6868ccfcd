"""The two curves that are tables with lines between their nodes: sigma(x) and e^-x for x >= 0.

::

    node(s) = round(curve(s / steps) * 2^(out + 2)), s = 0 .. segments
    value(a) = ((node(s) << f) + (node(s+1) - node(s)) * (a mod 2^f) + 2^(f+1)) >> (f + 2)
    with s = a >> f, f = F - log2(steps)

for an input a of F fraction bits; inputs from the end of the table on give its last node. The value has
`out` fraction bits. sigma has 8 nodes a unit, up to 16; e^-x has 16 nodes a unit, up to 8.

Worst error over all inputs: sigma 2^-12.4 of the lines and 2^-(out+1) + 2^-(out+3) of the two roundings;
e^-x 2^-11 of the lines (and at most e^-8 < 2^-11 after the table) and the same roundings.
"""

import enum
import math

__all__ = ["Curve", "fraction_bits", "line_error", "nodes", "segments"]


class Curve(enum.StrEnum):
    """Which curve."""

    SIGMOID = "sigmoid"
    EXP = "exp"


#: log2 of nodes a unit, and log2 of the end of the table.
_LOG_STEPS = {Curve.SIGMOID: 3, Curve.EXP: 4}
_LOG_END = {Curve.SIGMOID: 4, Curve.EXP: 3}
_FUNCTIONS = {Curve.SIGMOID: lambda x: 1 / (1 + math.exp(-x)), Curve.EXP: lambda x: math.exp(-x)}


def fraction_bits(curve: Curve, fraction: int) -> int:
    """Return f, the bits of an input of `fraction` fraction bits that tell the place within a segment."""
    return fraction - _LOG_STEPS[curve]


def segments(curve: Curve, integer: int) -> int:
    """Return the number of segments that inputs of `integer` integer bits need."""
    return 1 << min(integer, _LOG_END[curve]) + _LOG_STEPS[curve]


def nodes(curve: Curve, integer: int, out: int) -> list[int]:
    """Return all nodes, one more than segments."""
    steps = 1 << _LOG_STEPS[curve]
    return [round(_FUNCTIONS[curve](s / steps) * (1 << out + 2)) for s in range(segments(curve, integer) + 1)]


def line_error(curve: Curve, out: int) -> float:
    """Return the bound on |value / 2^out - curve| over all inputs."""
    return {Curve.SIGMOID: 2.0**-12.3, Curve.EXP: 2.0**-11}[curve] + 2.0 ** -(out + 1) + 2.0 ** -(out + 3)
