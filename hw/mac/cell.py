"""The interface that the three forms of the multiply-accumulate cell share."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.cell import CellControl
from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat

__all__ = ["CellSignature", "operand_shape"]


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
