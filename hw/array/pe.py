"""The reconfigurable processing element: three MACs, the taps of one kernel row."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.arch.array.cell import CellControl
from hw.arch.array.config import TAPS, MacForm
from hw.arch.pint import PintFormat
from hw.lib.shared import shared
from hw.mac.cell import CellSignature, operand_shape
from hw.mac.forms import CELLS

__all__ = ["Pe"]


class Pe(wiring.Component):
    """Three MACs with a lane each and one control: PE (m, w, r, c) of the array.

    Weight stationary: p[k] = x[k] * weight[k] + p_in[k], while the next weight moves through B1.
    Output stationary: p[k] += x[k] * b[k], b streaming along the chain. Drain: p[k] = p_in[k].
    The mode changes with every operation; see :class:`hw.arch.array.cell.CellControl` for the alignment.

    Latency: 3 cycles from `x` to `p`, three products a cycle, no stall.

    Parameters
    ----------
    pint : PintFormat
        Number format.
    form : MacForm
        Form of the MACs; `shift` takes codes, the others decoded values.
    acc_bits : int
        Width of the sums, modulo 2^acc_bits.
    head : bool
        Whether this is column 0, where `b` comes from the array's edge and no sum comes in.

    Members
    -------
    x : In(operand), three
    b, b_out : In, Out, three; weights and streamed errors along the chain.
    p_in, p_out : In (not in the head), Out, three; sums along the chain.
    control : In(CellControl)
    p : Out(signed(acc_bits)), three

    Source: ETA, Section IV-B.2 and Fig. 7; architecture.md Section 2.
    """

    LATENCY = 3

    def __init__(self, *, pint: PintFormat, form: MacForm, acc_bits: int, head: bool):
        self._cell = {"pint": pint, "acc_bits": acc_bits, "head": head}
        self._form = form
        self.module_name = "pe_head" if head else "pe"
        members = CellSignature(form=form, **self._cell).members
        chained = [name for name in ("p_in", "b_out", "p_out", "p", "b") if name in members]
        super().__init__(
            {
                "x": In(operand_shape(form, pint)).array(TAPS),
                "control": In(CellControl),
            }
            | {name: members[name].array(TAPS) for name in chained}
        )

    def elaborate(self, platform):
        m = Module()
        for k in range(TAPS):
            m.submodules[f"cell_{k}"] = cell = shared(f"cell_{k}", CELLS[self._form], **self._cell)
            m.d.comb += [cell.a.eq(self.x[k]), cell.b.eq(self.b[k]), cell.control.eq(self.control)]
            if not self._cell["head"]:
                m.d.comb += cell.p_in.eq(self.p_in[k])
            m.d.comb += [self.b_out[k].eq(cell.b_out), self.p_out[k].eq(cell.p_out), self.p[k].eq(cell.p)]
        return m
