"""What the inferred forms of the MAC cell share: the registers and the adder of :class:`DspCell`, spelt out."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring

from hw.arch.array.cell import AddTo
from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat

from .cell import CellSignature, operand_shape

__all__ = ["InferredCell"]


class InferredCell(wiring.Component):
    """p = (multiply ? product(a, b) : 0) + {0, p_in, p}[add_to], modulo 2^acc_bits.

    Latency: 3 cycles from `a` to `p`, one operation a cycle; see :class:`hw.arch.array.cell.CellControl` for the
    alignment.

    Parameters
    ----------
    pint : PintFormat
        Number format.
    acc_bits : int
        Width of the sum.
    head : bool
        Whether this is the first cell of its chain.
    """

    LATENCY = 3
    #: The form that a subclass builds; its name begins that of the module.
    FORM: MacForm

    def __init__(self, *, pint: PintFormat, acc_bits: int, head: bool):
        self._pint, self._head = pint, head
        self._operand = operand_shape(self.FORM, pint)
        self.module_name = f"{self.FORM}_cell_head" if head else f"{self.FORM}_cell"
        super().__init__(CellSignature(form=self.FORM, pint=pint, acc_bits=acc_bits, head=head))

    def _product(self, a, b):
        """The product of two operands, registered in cycle 2."""
        raise NotImplementedError

    def _scaled(self, m, product, a, b):
        """What cycle 3 adds, from the registered `product` and the operands one cycle before."""
        return product

    def elaborate(self, platform):
        m = Module()
        a_q = Signal(self._operand, reset_less=True)
        b1 = Signal(self._operand, reset_less=True)
        b2 = Signal(self._operand, reset_less=True)
        multiplied = self._product(a_q, b2)
        product = Signal(multiplied.shape(), reset_less=True)
        add_to_q = Signal(AddTo, reset_less=True)
        total = Signal.like(self.p, reset_less=True)
        addend = Signal.like(self.p)

        with m.Switch(add_to_q):
            if not self._head:
                with m.Case(AddTo.CASCADE):
                    m.d.comb += addend.eq(self.p_in)
            with m.Case(AddTo.SUM):
                m.d.comb += addend.eq(total)
        m.d.comb += [self.b_out.eq(b1), self.p.eq(total), self.p_out.eq(total)]

        # Cycle 1: operands.
        m.d.sync += a_q.eq(self.a)
        with m.If(self.control.load_b1):
            m.d.sync += b1.eq(self.b)
        with m.If(self.control.load_b2):
            m.d.sync += b2.eq(b1)
        # Cycle 2: multiply; no product is a synchronous reset, which costs no LUT.
        m.d.sync += [
            product.eq(Mux(self.control.multiply & ~self.clear, multiplied, 0)),
            add_to_q.eq(Mux(self.clear, AddTo.ZERO, self.control.add_to)),
        ]
        # Cycle 3: accumulate, modulo 2^acc_bits; the addend's multiplexer fits the adder's LUT.
        m.d.sync += total.eq(Mux(self.clear, 0, self._scaled(m, product, a_q, b2) + addend))
        return m
