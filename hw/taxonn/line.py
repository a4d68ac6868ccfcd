"""Curves as lines between the nodes of a table."""

from itertools import pairwise

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn import curves
from hw.arch.taxonn.curves import Curve
from hw.lib.memory.scratchpad import Rom

__all__ = ["Line"]


class Line(wiring.Component):
    """sigma or e^-x at x >= 0, with the formula, table and worst error of :mod:`hw.arch.taxonn.curves`.

    Latency `LATENCY` = 3 cycles, one value a cycle.

    Parameters
    ----------
    curve : Curve
    integer, fraction : int
        Bits of the input.
    out : int
        Fraction bits of the output.

    Members
    -------
    i : In(unsigned), 0 to 2^(integer + fraction)
    o : Out(unsigned(out + 1))

    Source: TaxoNN, Section IV-C, Activation Function.
    """

    LATENCY = 3

    def __init__(self, *, curve: Curve, integer: int, fraction: int, out: int):
        self._cut = curves.fraction_bits(curve, fraction)
        self._nodes, self._top = curves.nodes(curve, integer, out), 1 << integer + fraction >> self._cut
        super().__init__({"i": In(unsigned(integer + fraction + 1)), "o": Out(unsigned(out + 1))})

    def elaborate(self, platform):
        m = Module()
        nodes, cut = self._nodes, self._cut
        slopes = [*(after - node for node, after in pairwise(nodes)), 0]
        bits = max(nodes).bit_length()
        slope_bits = 1 + max(abs(slope) for slope in slopes).bit_length()
        layout = data.StructLayout({"node": unsigned(bits), "slope": signed(slope_bits)})
        words = tuple(layout.const({"node": n, "slope": s}).as_bits() for n, s in zip(nodes, slopes, strict=True))
        m.submodules.lookup = table = Rom(words=words, shape=unsigned(bits + slope_bits))
        entry = data.View(layout, table.data)

        # Cycle 1: look up.
        segment, last = self.i >> cut, len(nodes) - 1
        m.d.comb += table.address.eq(segment if last >= self._top else Mux(segment > last, last, segment))
        place = Signal(cut, reset_less=True)
        m.d.sync += place.eq(self.i[:cut])
        # Cycle 2: multiply.
        rise, node = Signal(signed(slope_bits + cut + 1), reset_less=True), Signal(bits, reset_less=True)
        m.d.sync += [rise.eq(entry.slope * place if cut else 0), node.eq(entry.node)]
        # Cycle 3: add and round.
        m.d.sync += self.o.eq(((node << cut) + rise + (1 << cut + 1)) >> cut + 2)
        return m
