"""The window processing unit: rows x channels PEs and their sums."""

from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.cell import CellControl
from hw.arch.array.config import TAPS, MacForm
from hw.arch.array.control import PORTS, Ports
from hw.arch.pint import PintFormat
from hw.lib.shared import shared
from hw.mac.cell import operand_shape

from .layouts import packed
from .pe import Pe
from .tree import SumTree

__all__ = ["Wpu"]


class Wpu(wiring.Component):
    """One window of output rows: PE (r, c) takes kernel row r and input channel c.

    The PEs of a row are a chain over c; the chain (r, k) ends in q(r, k), which the tree sums and adds to the
    partial sums (:class:`SumTree`). Lanes and control of column c are c cycles behind those of column 0.

    Latency: `channels` - 1 + 3 cycles from `x` of column 0 to `q`, and :attr:`tree_latency` from `q` to `ps_o`.

    Parameters
    ----------
    rows, channels : int
        Sizes.
    pint : PintFormat
        Number format.
    form : MacForm
        Form of the MACs.
    acc_bits : int
        Width of the sums.
    min_latency : int
        See :class:`SumTree`.

    Members
    -------
    x : In(operand), [rows][channels][3]
    b : In(operand), [rows][3]: B side of the chains' heads.
    control : In(CellControl), [channels]
    ports : In(Ports), aligned with `q`
    gradient, gradient_overflow : In(signed(acc_bits)), [3], In(3), one cycle before their `ps_o`
    ps_i, ps_o : In, Out(signed(acc_bits)), [4]
    overflow : Out(4), see :class:`SumTree`
    q : Out(signed(acc_bits)), [rows][3]: the chains, for the cross-WPU sums.

    Source: ETA, Section IV-B.3 and Fig. 8; architecture.md Sections 2 to 4.
    """

    def __init__(
        self, *, rows: int, channels: int, pint: PintFormat, form: MacForm, acc_bits: int, min_latency: int = 0
    ):
        self._rows, self._channels = rows, channels
        self._pe = {"pint": pint, "form": form, "acc_bits": acc_bits}
        self._min_latency = min_latency
        self.tree_latency = max(SumTree.base_latency(rows), min_latency)
        self.latency = channels - 1 + Pe.LATENCY + self.tree_latency
        operand, acc = operand_shape(form, pint), signed(acc_bits)
        super().__init__(
            {
                "x": In(packed(operand, rows, channels, TAPS)),
                "b": In(packed(operand, rows, TAPS)),
                "control": In(packed(CellControl, channels)),
                "ports": In(Ports),
                "gradient": In(packed(acc, TAPS)),
                "gradient_overflow": In(TAPS),
                "ps_i": In(packed(acc, PORTS)),
                "ps_o": Out(packed(acc, PORTS)),
                "overflow": Out(PORTS),
                "q": Out(packed(acc, rows, TAPS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        tree_parameters = {"rows": self._rows, "acc_bits": self._pe["acc_bits"], "min_latency": self._min_latency}
        m.submodules.tree = tree = shared("tree", SumTree, **tree_parameters)
        for r in range(self._rows):
            before = None
            for c in range(self._channels):
                name = f"pe_{r}_{c}"
                m.submodules[name] = pe = shared(name, Pe, **self._pe, head=c == 0)
                m.d.comb += pe.control.eq(self.control[c])
                for k in range(TAPS):
                    m.d.comb += pe.x[k].eq(self.x[r][c][k])
                    if before is None:
                        m.d.comb += pe.b[k].eq(self.b[r][k])
                    else:
                        m.d.comb += [pe.b[k].eq(before.b_out[k]), pe.p_in[k].eq(before.p_out[k])]
                before = pe
            m.d.comb += [self.q[r][k].eq(before.p[k]) for k in range(TAPS)]
        m.d.comb += [
            tree.q.eq(self.q),
            tree.ports.eq(self.ports),
            tree.gradient.eq(self.gradient),
            tree.gradient_overflow.eq(self.gradient_overflow),
            tree.ps_i.eq(self.ps_i),
            self.ps_o.eq(tree.ps_o),
            self.overflow.eq(tree.overflow),
        ]
        return m
