"""The stand-alone multiply-accumulate unit on PINT codes."""

from amaranth.hdl import Module, Mux, ResetSignal, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.cell import AddTo
from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat
from hw.arith.decoder import Decoder
from hw.lib.shared import shared

from .cell import operand_shape
from .forms import CELLS

__all__ = ["Mac"]


class Mac(wiring.Component):
    """With `en`: acc = (clear ? 0 : acc) + a * b; without: acc holds.

    `en`, `clear`, `a` and `b` are sampled together; `acc` follows :attr:`LATENCY` cycles after, one operation a
    cycle, no stall. `rst` is synchronous: it sets `acc` to zero at once and drops the operations under way.

    Parameters
    ----------
    pint : PintFormat
        Number format of the codes.
    form : MacForm
        Form of the cell; all forms give the same bits in the same cycle.
    acc_bits : int
        Width of `acc`; sums are modulo 2^acc_bits.

    Members
    -------
    a, b : In(k)
        PINT codes.
    en, clear : In(1)
    acc : Out(signed(acc_bits))

    Source: ETA, Section III-D and Fig. 4(a); architecture.md Section 2.
    """

    LATENCY = 4

    def __init__(self, *, pint: PintFormat, form: MacForm, acc_bits: int):
        self._pint, self._form = pint, form
        super().__init__(
            {
                "a": In(unsigned(pint.k)),
                "b": In(unsigned(pint.k)),
                "en": In(1),
                "clear": In(1),
                "acc": Out(signed(acc_bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        operand = operand_shape(self._form, self._pint)
        a, b = Signal(operand), Signal(operand)
        a_q = Signal(operand, reset_less=True)
        en_q, en_q2, clear_q, clear_q2 = Signal(), Signal(), Signal(), Signal()

        if self._form == MacForm.SHIFT:
            m.d.comb += [a.eq(self.a), b.eq(self.b)]
        else:
            m.submodules.decode_a = decode_a = shared("decode_a", Decoder, pint=self._pint)
            m.submodules.decode_b = decode_b = shared("decode_b", Decoder, pint=self._pint)
            m.d.comb += [
                decode_a.code.eq(self.a),
                decode_b.code.eq(self.b),
                a.eq(decode_a.value),
                b.eq(decode_b.value),
            ]
        m.submodules.cell = cell = shared("cell", CELLS[self._form], pint=self._pint, acc_bits=len(self.acc), head=True)
        m.d.comb += [
            # b enters B1 now; a is a cycle later, so that it meets b in B2.
            cell.a.eq(a_q),
            cell.b.eq(b),
            cell.control.load_b1.eq(1),
            cell.control.load_b2.eq(1),
            cell.control.multiply.eq(en_q2),
            cell.control.add_to.eq(Mux(en_q2 & clear_q2, AddTo.ZERO, AddTo.SUM)),
            cell.clear.eq(ResetSignal()),
            self.acc.eq(cell.p),
        ]
        m.d.sync += [
            a_q.eq(a),
            en_q.eq(self.en),
            en_q2.eq(en_q),
            clear_q.eq(self.clear),
            clear_q2.eq(clear_q),
        ]
        return m
