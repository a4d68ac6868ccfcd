"""The MAC cell as the paper draws it: a narrow multiplier and a shifter on PINT codes."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring

from hw.spec.cell import AddTo
from hw.spec.config import MacForm
from hw.spec.pint import PintFormat

from .cell import CellSignature, operand_shape

__all__ = ["ShiftCell"]


class ShiftCell(wiring.Component):
    """p = (multiply ? (qa * qb) << (sa + sb) : 0) + {0, p_in, p}[add_to], operands as PINT codes.

    Each detector finds whether the high bits q[k-2:d] are all equal (flag 0: low segment, shift 0);
    otherwise a segment's shift is d (flag 1) or k-2. The product is shifted by both in turn, which is smaller than
    the one shifter and its decoder in the figure.

    Latency: 3 cycles from `a` to `p`, one operation a cycle; see :class:`CellControl` for the alignment.

    Parameters
    ----------
    pint : PintFormat
        Number format of the codes.
    acc_bits : int
        Width of the sum.
    head : bool
        Whether this is the first cell of its chain.

    Source: ETA, Section III-D and Fig. 4(a).
    """

    LATENCY = 3

    def __init__(self, *, pint: PintFormat, acc_bits: int, head: bool):
        self._pint = pint
        self._head = head
        self.module_name = "shift_cell_head" if head else "shift_cell"
        super().__init__(CellSignature(form=MacForm.SHIFT, pint=pint, acc_bits=acc_bits, head=head))

    def _segment(self, m, code, name):
        """One detector: the code's segment (0: low, 1: flagged, 2: high)."""
        high = code[self._pint.d : self._pint.k - 1]
        segment = Signal(2, name=f"segment_{name}")
        m.d.comb += segment.eq(Mux(code[-1], 1, Mux(high.all() | ~high.any(), 0, 2)))
        return segment

    def elaborate(self, platform):
        m = Module()
        pint = self._pint
        operand = operand_shape(MacForm.SHIFT, pint)
        a_q = Signal(operand, reset_less=True)
        b1 = Signal(operand, reset_less=True)
        b2 = Signal(operand, reset_less=True)
        product = Signal(signed(2 * (pint.k - 1)), reset_less=True)
        segment_a_q = Signal(2, reset_less=True)
        segment_b_q = Signal(2, reset_less=True)
        add_to_q = Signal(AddTo)
        addend = Signal.like(self.p)
        half_shifted = Signal(signed(product.shape().width + pint.shifts[-1]))
        shifted = Signal(signed(pint.product_width))

        # The shift of the product is the sum of both operands' shifts.
        for segment, source, target in ((segment_a_q, product, half_shifted), (segment_b_q, half_shifted, shifted)):
            with m.Switch(segment):
                for n, shift in enumerate(pint.shifts):
                    with m.Case(n) if n < 2 else m.Default():
                        m.d.comb += target.eq(source << shift)
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
        # Cycle 2: multiply and detect; no product is a synchronous reset, which costs no LUT.
        qa, qb = (code[: pint.k - 1].as_signed() for code in (a_q, b2))
        m.d.sync += [
            product.eq(Mux(self.control.multiply & ~self.clear, qa * qb, 0)),
            segment_a_q.eq(self._segment(m, a_q, "a")),
            segment_b_q.eq(self._segment(m, b2, "b")),
            add_to_q.eq(Mux(self.clear, AddTo.ZERO, self.control.add_to)),
        ]
        # Cycle 3: shift and accumulate, modulo 2^acc_bits; the addend's multiplexer fits the adder's LUT.
        m.d.sync += self.p.eq(Mux(self.clear, 0, shifted + addend))
        return m
