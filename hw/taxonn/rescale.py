"""Conversion of sums and codes to a layer's format."""

from amaranth.hdl import Module, Shape, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import NOISE_BITS, FixedFormat

from .fixed import noise_field, saturate

__all__ = ["Rescale"]


class Rescale(wiring.Component):
    """o = saturate(floor((i + h) / 2^(fraction - F))), h a half or rounding noise: golden's `rescale`.

    Latency `LATENCY` = 1 cycle, one value a cycle.

    Parameters
    ----------
    bits, fraction : int
        Width of the signed input and its fraction bits.
    form : FixedFormat
        Of the output.
    stochastic : bool
        Whether rounding is stochastic, with the member `noise`.

    Members
    -------
    i_valid : In(1), i : In(signed(bits)), noise : In(8)
    o_valid : Out(1), o : Out(signed)

    Source: numerics of :mod:`sim.golden.taxonn.fixed`.
    """

    LATENCY = 1

    def __init__(self, *, bits: int, fraction: int, form: FixedFormat, stochastic: bool = False):
        self._cut, self._form, self._stochastic = fraction - form.fraction, form, stochastic
        members = {
            "i_valid": In(1),
            "i": In(signed(bits)),
            "o_valid": Out(1),
            "o": Out(signed(form.width)),
        }
        super().__init__(members | ({"noise": In(unsigned(NOISE_BITS))} if stochastic else {}))

    def elaborate(self, platform):
        m = Module()
        cut = self._cut
        if cut > 0:
            half = noise_field(self.noise, cut) if self._stochastic else 1 << cut - 1
            value = (self.i + half) >> cut
        else:
            value = self.i << -cut
        exact = Signal(Shape(len(value), signed=True))
        m.d.comb += exact.eq(value)
        m.d.sync += [self.o_valid.eq(self.i_valid), self.o.eq(saturate(exact, self._form))]
        return m
