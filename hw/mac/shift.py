"""The MAC cell as the paper draws it: a narrow multiplier and a shifter on PINT codes."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring

from hw.spec.config import MacForm
from hw.spec.pint import PintFormat

from .cell import AddTo, CellSignature, operand_shape

__all__ = ["ShiftCell"]


class ShiftCell(wiring.Component):
    """p = (multiply ? (qa * qb) << (sa + sb) : 0) + {0, p_in, p}[add_to], operands as PINT codes.

    Each detector finds whether the high bits q[k-2:d] are all equal (flag 0: low segment, shift 0);
    otherwise a segment's shift is d (flag 1) or k-2. The decoder turns both into the shift of the product.

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
        segments_q = Signal(unsigned(4), reset_less=True)
        multiply_q = Signal()
        add_to_q = Signal(AddTo)
        addend = Signal.like(self.p)
        shifted = Signal(signed(pint.product_width))

        segment_a, segment_b = self._segment(m, a_q, "a"), self._segment(m, b2, "b")
        # The decoder: segments of both operands to the shift of the product.
        with m.Switch(segments_q):
            for sa, shift_a in enumerate(pint.shifts):
                for sb, shift_b in enumerate(pint.shifts):
                    with m.Case(sa | sb << 2):
                        m.d.comb += shifted.eq(product << (shift_a + shift_b))
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
        # Cycle 2: multiply and detect.
        m.d.sync += [
            product.eq(a_q[: pint.k - 1].as_signed() * b2[: pint.k - 1].as_signed()),
            segments_q[0:2].eq(segment_a),
            segments_q[2:4].eq(segment_b),
            multiply_q.eq(self.control.multiply & ~self.clear),
            add_to_q.eq(Mux(self.clear, AddTo.ZERO, self.control.add_to)),
        ]
        # Cycle 3: shift and accumulate, modulo 2^acc_bits.
        m.d.sync += self.p.eq(Mux(self.clear, 0, addend + Mux(multiply_q, shifted, 0)))
        return m
