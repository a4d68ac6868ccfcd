"""The MAC cell as the paper draws it: a narrow multiplier and a shifter on PINT codes."""

from amaranth.hdl import Mux, Signal, signed

from hw.arch.array.config import MacForm

from .inferred import InferredCell

__all__ = ["ShiftCell"]

#: Synthesis need not look for a state machine here, which takes Yosys half an hour on the full array.
_NO_FSM = {"fsm_encoding": "none"}


class ShiftCell(InferredCell):
    """p = (multiply ? (qa * qb) << (sa + sb) : 0) + {0, p_in, p}[add_to], operands as PINT codes.

    Each detector finds whether the high bits q[k-2:d] are all equal (flag 0: low segment, shift 0);
    otherwise a segment's shift is d (flag 1) or k-2. The product is shifted by both in turn, which is smaller than
    the one shifter and its decoder in the figure. Latency and parameters: see :class:`InferredCell`.

    Source: ETA, Section III-D and Fig. 4(a).
    """

    FORM = MacForm.SHIFT

    def _product(self, a, b):
        qa, qb = (code[: self._pint.k - 1].as_signed() for code in (a, b))
        return qa * qb

    def _segment(self, code):
        """One detector: the code's segment (0: low, 1: flagged, 2: high)."""
        high = code[self._pint.d : self._pint.k - 1]
        return Mux(code[-1], 1, Mux(high.all() | ~high.any(), 0, 2))

    def _scaled(self, m, product, a, b):
        shifts = self._pint.shifts
        segment_a_q = Signal(2, reset_less=True, attrs=_NO_FSM)
        segment_b_q = Signal(2, reset_less=True, attrs=_NO_FSM)
        half_shifted = Signal(signed(product.shape().width + shifts[-1]))
        shifted = Signal(signed(self._pint.product_width))
        # Cycle 2: detect.
        m.d.sync += [segment_a_q.eq(self._segment(a)), segment_b_q.eq(self._segment(b))]
        # Cycle 3: shift.
        for segment, source, target in ((segment_a_q, product, half_shifted), (segment_b_q, half_shifted, shifted)):
            with m.Switch(segment):
                for n, shift in enumerate(shifts):
                    with m.Case(n) if n < 2 else m.Default():
                        m.d.comb += target.eq(source << shift)
        return shifted
