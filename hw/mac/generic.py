"""The MAC cell, inferred: for any FPGA family and for ASICs."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring

from hw.spec.cell import AddTo
from hw.spec.config import MacForm
from hw.spec.pint import PintFormat

from .cell import CellSignature, operand_shape

__all__ = ["GenericCell"]


class GenericCell(wiring.Component):
    """p = (multiply ? a * b : 0) + {0, p_in, p}[add_to], the register stages of :class:`DspCell` spelt out.

    Latency: 3 cycles from `a` to `p`, one operation a cycle; see :class:`CellControl` for the alignment.

    Parameters
    ----------
    pint : PintFormat
        Number format; the operands are decoded values.
    acc_bits : int
        Width of the sum.
    head : bool
        Whether this is the first cell of its chain.
    """

    LATENCY = 3

    def __init__(self, *, pint: PintFormat, acc_bits: int, head: bool):
        self._operand = operand_shape(MacForm.GENERIC, pint)
        self._head = head
        self.module_name = "generic_cell_head" if head else "generic_cell"
        super().__init__(CellSignature(form=MacForm.GENERIC, pint=pint, acc_bits=acc_bits, head=head))

    def elaborate(self, platform):
        m = Module()
        a_q = Signal(self._operand, reset_less=True)
        b1 = Signal(self._operand, reset_less=True)
        b2 = Signal(self._operand, reset_less=True)
        product = Signal(signed(2 * self._operand.width), reset_less=True)
        add_to_q = Signal(AddTo)
        addend = Signal.like(self.p)

        with m.Switch(add_to_q):
            if not self._head:
                with m.Case(AddTo.CASCADE):
                    m.d.comb += addend.eq(self.p_in)
            with m.Case(AddTo.SUM):
                m.d.comb += addend.eq(self.p)
        m.d.comb += [self.b_out.eq(b1), self.p_out.eq(self.p)]

        # Cycle 1: operands.
        m.d.sync += a_q.eq(self.a)
        with m.If(self.control.load_b1):
            m.d.sync += b1.eq(self.b)
        with m.If(self.control.load_b2):
            m.d.sync += b2.eq(b1)
        # Cycle 2: multiply; no product is a synchronous reset, which costs no LUT.
        m.d.sync += [
            product.eq(Mux(self.control.multiply & ~self.clear, a_q * b2, 0)),
            add_to_q.eq(Mux(self.clear, AddTo.ZERO, self.control.add_to)),
        ]
        # Cycle 3: accumulate, modulo 2^acc_bits; the plain operand first, it drives the carry chain.
        m.d.sync += self.p.eq(Mux(self.clear, 0, product + addend))
        return m
