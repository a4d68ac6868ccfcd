"""Control of the PE array: the one source of its operations, port modes and control word.

All fields of one control word and the codes of the same cycle belong together: they are given
unskewed, and the array delays each to the column, cluster and pipeline stage where it acts.
"""

from amaranth.hdl import unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Word, member

__all__ = ["MIXED_PORTS", "PORTS", "RESULT_PORTS", "SPLIT_PORTS", "TAP_PORTS", "ArrayControl", "Head", "Op", "Ports"]

#: Partial-sum ports of a WPU.
PORTS = 4


class Op(Choice, enum.Enum, shape=unsigned(2)):
    """What the MACs of a column do with their product and sum (architecture.md Section 2)."""

    HOLD = member(0, "keep the sum")
    START = member(1, "output stationary, first product of a sum")
    ACCUMULATE = member(2, "output stationary, sum += product")
    CASCADE = member(3, "weight stationary, sum = product + sum of the column before")


class Head(Choice, enum.Enum, shape=unsigned(2)):
    """What feeds the B side of a chain (m, w, r, k)."""

    WEIGHT = member(0, "W(r, k), while weights are loaded")
    ERROR_ROW = member(1, "E(0, w), the same for all taps: weight gradient of kernels over 1x1")
    ERROR_TAP = member(2, "E(k, w): weight gradient of 1x1 and FC")


class Ports(Choice, enum.Enum, shape=unsigned(3)):
    """What the partial-sum ports of a WPU carry; q(r, k) is the sum of one chain, "outer" are the rows r != 1."""

    TOTAL = member(0, "all ports = sum of all q")
    SPLIT = member(1, "stride-2 BP: ports 0..3 = row 1 tap 1, row 1 taps 0+2, outer rows tap 1, outer rows taps 0+2")
    TAPS = member(2, "1x1 and FC: ports 1, 0, 3 = sum over rows of tap 0, 1, 2")
    MIXED = member(3, "port 0 = row 1, port 2 = outer rows")
    GRADIENT = member(4, "ports 1, 0, 3 = sum over all WPUs of q(beat * wpus + w, k) for k = 0, 1, 2")


#: Port of each class of :attr:`Ports.SPLIT`, by (row class, tap class), 0 the single one (row 1, tap 1).
SPLIT_PORTS = {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 3}
#: Port of tap k in :attr:`Ports.TAPS` and :attr:`Ports.GRADIENT`.
TAP_PORTS = (1, 0, 3)
#: Port of row 1 and of the outer rows in :attr:`Ports.MIXED`.
MIXED_PORTS = (0, 2)
#: Ports that carry a result in each mode; of :attr:`Ports.GRADIENT` those of WPUs with a row in the beat.
RESULT_PORTS = {
    Ports.TOTAL: (0, 1, 2, 3),
    Ports.SPLIT: tuple(sorted(SPLIT_PORTS.values())),
    Ports.TAPS: tuple(sorted(TAP_PORTS)),
    Ports.MIXED: MIXED_PORTS,
    Ports.GRADIENT: tuple(sorted(TAP_PORTS)),
}


#: Control word of one cycle.
ArrayControl = Word(
    "ArrayControl",
    (
        "Control word of one cycle. A weight load lasts `channels` cycles without a gap, words in the order c = "
        "channels-1 .. 0; the last word may come with the slot that swaps the weights in. After the last slot T of "
        "an output stationary pass come `channels * beats` cycles with `valid` (T .. T+channels*beats-1), then the "
        "next pass may start; `drain` is set in the cycles T+channels+j*beats-1, j = 1 .. channels-1, the first of "
        "them with `drain_first`."
    ),
    Field("op", Op, "operation of column 0; column c follows c cycles later"),
    Field("head", Head, "B source, for the codes of this cycle"),
    Field("load_first", unsigned(1), "first word of a weight load"),
    Field("load_last", unsigned(1), "last word of a weight load"),
    Field("swap", unsigned(1), "this slot is the first with the loaded weights"),
    Field("drain_first", unsigned(1), "first shift of a drain"),
    Field("drain", unsigned(1), "shift of a drain, all columns at once"),
    Field("ports", Ports, "what the ports carry"),
    Field("beat", unsigned(4), "which rows' gradients leave, see :attr:`Ports.GRADIENT`"),
    Field("valid", unsigned(1), "the ports carry a result"),
)
