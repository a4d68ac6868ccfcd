"""What every layer does with its inputs before it keeps them."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import INPUT, NOISE_BITS, FixedFormat, Rounding
from hw.lib.shared import shared

from .noise import Noise
from .rescale import Rescale

__all__ = ["InputStage"]


class InputStage(wiring.Component):
    """Inputs in the layer's format: rounded and saturated, or as they are where there is no other format.

    Stochastic rounding is for samples that train; others are rounded to the nearest.

    Latency `LATENCY` = 1 cycle, 0 without conversion; throughput one input a cycle.

    Parameters
    ----------
    form : FixedFormat
    source : FixedFormat or None
        Format of the inputs; None for that of the layer, without conversion.
    conversion : Rounding
        Of inputs that lose fraction bits.
    count : int
        Inputs of a sample.
    tag : StructLayout
        Layout of what goes along with a sample, `train` in it.

    Members
    -------
    i_valid : In(1), i : In(signed), i_tag : In(tag)
    key : In(64), restart : In(1)
        Of the noise.
    o_valid : Out(1), o : Out(signed), o_tag : Out(tag)

    Source: numerics of :mod:`sim.golden.taxonn.fixed`.
    """

    LATENCY = Rescale.LATENCY

    def __init__(
        self, *, form: FixedFormat, source: FixedFormat | None, conversion: Rounding, count: int, tag: data.StructLayout
    ):
        self._form, self._source, self._count = form, source, count
        cuts = source is not None and source.fraction > form.fraction
        self._noisy = cuts and conversion == Rounding.STOCHASTIC
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(signed((source or form).width)),
                "i_tag": In(tag),
                "key": In(64),
                "restart": In(1),
                "o_valid": Out(1),
                "o": Out(signed(form.width)),
                "o_tag": Out(tag),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if self._source is None:
            m.d.comb += [self.o_valid.eq(self.i_valid), self.o.eq(self.i), self.o_tag.eq(self.i_tag)]
            return m
        source = {"bits": self._source.width, "fraction": self._source.fraction}
        m.submodules.convert = convert = shared("convert", Rescale, **source, form=self._form, stochastic=self._noisy)
        tag = Signal.like(self.i_tag, name="tag_q", reset_less=True)
        m.d.sync += tag.eq(self.i_tag)
        m.d.comb += [
            convert.i_valid.eq(self.i_valid),
            convert.i.eq(self.i),
            self.o_valid.eq(convert.o_valid),
            self.o.eq(convert.o),
            self.o_tag.eq(tag),
        ]
        if self._noisy:
            m.submodules.input_noise = noise = shared("input_noise", Noise, kind=INPUT, count=self._count)
            m.d.comb += [
                noise.key.eq(self.key),
                noise.restart.eq(self.restart),
                noise.take.eq(self.i_valid & self.i_tag.train),
                convert.noise.eq(Mux(self.i_tag.train, noise.noise, 1 << NOISE_BITS - 1)),
            ]
        return m
