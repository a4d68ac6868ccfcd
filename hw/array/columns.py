"""Control of the columns of the array: from one control word to the five bits of each column."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.cell import AddTo, CellControl
from hw.arch.array.control import ArrayControl, Op
from hw.lib.delay import delayed

from .layouts import packed

__all__ = ["ColumnControl"]


class ColumnControl(wiring.Component):
    """Skews operations, weight loads and drains over the columns.

    Operations follow one column a cycle. A weight load starts skewed and ends in all columns at once; a drain starts in
    all columns at once and ends in a column when its next operation comes, so that it costs channels-1 cycles.

    Latency: with a control word in cycle t, column c has `load_b1` in cycle t+1+c, `load_b2` in t+2+c (the cycle of
    its lanes), `multiply` and `add_to` in t+3+c. A word a cycle, no stall.

    Parameters
    ----------
    channels : int
        Columns.

    Members
    -------
    word : In(ArrayControl)
    control : Out(CellControl), [channels]

    Source: architecture.md Section 2 (load and drain), with a shorter drain.
    """

    def __init__(self, *, channels: int):
        self._channels = channels
        super().__init__({"word": In(ArrayControl), "control": Out(packed(CellControl, channels))})

    def elaborate(self, platform):
        m = Module()
        word = self.word
        op, swap, first = word.op, word.swap, word.load_first
        for c in range(self._channels):
            name = f"column_{c}"
            loading = Signal(name=f"loading_{c}")
            load = Signal(name=f"load_{c}")
            armed = Signal(name=f"armed_{c}")
            arm = Signal(name=f"arm_{c}")
            shift = Signal(name=f"shift_{c}")
            multiply = Signal(name=f"multiply_{c}")
            add_to = Signal(AddTo, name=f"add_to_{c}")
            streaming = Signal(name=f"streaming_{c}")
            hold = op == Op.HOLD
            m.d.comb += [
                load.eq(first | loading),
                arm.eq((word.drain_first | armed) & hold),
                shift.eq(word.drain & arm),
                streaming.eq((op == Op.START) | (op == Op.ACCUMULATE)),
                multiply.eq(~hold),
            ]
            with m.Switch(op):
                with m.Case(Op.HOLD):
                    m.d.comb += add_to.eq(Mux(shift, AddTo.CASCADE, AddTo.SUM))
                with m.Case(Op.ACCUMULATE):
                    m.d.comb += add_to.eq(AddTo.SUM)
                with m.Case(Op.CASCADE):
                    m.d.comb += add_to.eq(AddTo.CASCADE)
            m.d.sync += [loading.eq(load & ~word.load_last), armed.eq(arm)]
            load_b1 = Signal(name=f"{name}_load_b1")
            m.d.sync += load_b1.eq(load | streaming)
            m.d.comb += [
                self.control[c].load_b1.eq(load_b1),
                self.control[c].load_b2.eq(delayed(m, swap | streaming, 2, name=f"{name}_load_b2", reset_less=False)),
                self.control[c].multiply.eq(delayed(m, multiply, 3, name=f"{name}_multiply", reset_less=False)),
                self.control[c].add_to.eq(delayed(m, add_to, 3, name=f"{name}_add_to", reset_less=False)),
            ]
            if c + 1 < self._channels:
                op = delayed(m, op, 1, name=f"op_{c + 1}", reset_less=False)
                swap = delayed(m, swap, 1, name=f"swap_{c + 1}", reset_less=False)
                first = delayed(m, first, 1, name=f"first_{c + 1}", reset_less=False)
        return m
