"""The inputs of a layer times its learning rate."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import FixedFormat
from hw.lib.shared import shared

from .rescale import Rescale

__all__ = ["Scale"]


class Scale(wiring.Component):
    """o = saturate(round(x rate / 2^F)) to nearest: what UPDATE multiplies by G, in units of 2^-(F + 3).

    Latency `LATENCY` = 2 cycles, one product a cycle.

    Parameters
    ----------
    form : FixedFormat

    Members
    -------
    x : In(signed), rate : In(signed)
        An input, and -alpha in units of 2^-(F + 3).
    o : Out(signed)

    Source: TaxoNN, Section IV-C, step 4; done here once for all PEs of a layer.
    """

    LATENCY = 1 + Rescale.LATENCY

    def __init__(self, *, form: FixedFormat):
        self._form = form
        code = signed(form.width)
        super().__init__({"x": In(code), "rate": In(code), "o": Out(code)})

    def elaborate(self, platform):
        m = Module()
        bits = 2 * self._form.width
        product = Signal(signed(bits), reset_less=True)
        m.submodules.rescale = rescale = shared(
            "rescale", Rescale, bits=bits, fraction=2 * self._form.fraction, form=self._form
        )
        # Cycle 1: multiply; cycle 2: round.
        m.d.sync += product.eq(self.x * self.rate)
        m.d.comb += [rescale.i.eq(product), self.o.eq(rescale.o)]
        return m
