"""Control of a MAC cell, the five bits that a column of the array shares."""

from amaranth.hdl import unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Word, member

__all__ = ["AddTo", "CellControl"]


class AddTo(Choice, enum.Enum, shape=unsigned(2)):
    """The second addend of a cell; the bits are z1, z0 of OPMODE = {0, z1, z0, 0, m, 0, m}."""

    ZERO = member(0, "nothing")
    CASCADE = member(1, "the sum of the cell before (PCIN); zero in the head cell")
    SUM = member(2, "the cell's own sum (P)")


#: Control of one column of cells.
CellControl = Word(
    "CellControl",
    (
        "Control of one column of cells. With an operand on `a` in cycle s: `load_b2` of the weight it meets in "
        "cycle s at the latest, `multiply` and `add_to` in cycle s+1, the sum on `p` in cycle s+3."
    ),
    Field("multiply", unsigned(1), "add the product"),
    Field("add_to", AddTo, "the second addend"),
    Field("load_b1", unsigned(1), "shift `b` into B1 (CEB1)"),
    Field("load_b2", unsigned(1), "B1 becomes the operand (CEB2)"),
)
