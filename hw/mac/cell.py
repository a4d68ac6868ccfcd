"""The interface that the three forms of the multiply-accumulate cell share."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from hw.spec.config import MacForm
from hw.spec.pint import PintFormat

__all__ = ["AddTo", "CellControl", "CellSignature", "operand_shape"]


class AddTo(enum.Enum, shape=unsigned(2)):
    """The second addend of a cell; the bits are z1, z0 of OPMODE = {0, z1, z0, 0, m, 0, m}."""

    ZERO = 0
    CASCADE = 1  #: the sum of the cell before (PCIN); zero in the head cell
    SUM = 2  #: the cell's own sum (P)


class CellControl(data.Struct):
    """Control of one column of cells.

    With an operand on `a` in cycle s: `load_b2` of the weight it meets in cycle s at the latest, `multiply` and
    `add_to` in cycle s+1, the sum on `p` in cycle s+3.
    """

    multiply: unsigned(1)  #: add the product
    add_to: AddTo
    load_b1: unsigned(1)  #: shift `b` into B1 (CEB1)
    load_b2: unsigned(1)  #: B1 becomes the operand (CEB2)


def operand_shape(form: MacForm, pint: PintFormat):
    """Shape of the operands `a` and `b`: decoded values, but codes for the form `shift`."""
    return unsigned(pint.k) if form == MacForm.SHIFT else signed(pint.value_width)


class CellSignature(wiring.Signature):
    """Ports of a cell, seen from the cell.

    a : operand, registered once (A2).
    b : head: operand, else `b_out` of the cell before; registered twice (B1, B2).
    p_in : `p_out` of the cell before; the head has none.
    control : :class:`CellControl`
    clear : sets the sum to zero and drops the product under way
    b_out : B1, one cycle after `b`.
    p_out : the sum for the next cell.
    p : the sum, modulo 2^acc_bits.
    """

    def __init__(self, *, form: MacForm, pint: PintFormat, acc_bits: int, head: bool):
        operand = operand_shape(form, pint)
        # The cascade wires of a DSP48E1 are 18 and 48 bits wide.
        b_chain, p_chain = (signed(18), signed(48)) if form == MacForm.DSP else (operand, signed(acc_bits))
        members = {
            "a": In(operand),
            "b": In(operand if head else b_chain),
            "control": In(CellControl),
            "clear": In(1),
            "b_out": Out(b_chain),
            "p_out": Out(p_chain),
            "p": Out(signed(acc_bits)),
        }
        if not head:
            members["p_in"] = In(p_chain)
        super().__init__(members)
