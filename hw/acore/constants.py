"""The constants of a chain: registers that a program or a command sets, decoded for all lanes."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Chain
from hw.arch.acore.constants import CONVERT_LARGEST, CONVERT_LEAST, Constant
from hw.arch.acore.sizes import COUNT_BITS, WORD_BITS
from hw.lib.shared import shared

from .finish import COMPARE
from .flow import GROUP
from .narrow import NarrowControl, NarrowDecode
from .noise import NOISES
from .normalise import NormaliseControl, NormaliseDecode
from .product import CENTRED, FACTOR
from .rescale import RescaleControl, RescaleDecode

__all__ = ["Constants", "ConstantValues"]


class ConstantValues(data.Struct):
    """Constants as the lanes and the flow want them."""

    narrow: NarrowControl
    rescale: RescaleControl
    normalise: NormaliseControl
    convert: RescaleControl
    factor0: signed(FACTOR)
    factor1: signed(FACTOR)
    compare: signed(COMPARE)
    mean: signed(CENTRED)
    count: unsigned(COUNT_BITS)
    group: unsigned(GROUP)
    index: unsigned(32)
    stride: unsigned(32)
    nearest: unsigned(1)
    keys: data.ArrayLayout(unsigned(64), NOISES)


class Constants(wiring.Component):
    """Registers of the constants; they keep their value.

    Latency 2 cycles for shifts, sums and mean, 1 for the others. At reset a group has 1 beat, the stride is 1,
    all others are 0.

    Members
    -------
    set : In(1)
        Take `data` into the constant `number`.
    number : In(5)
        A :class:`~hw.arch.acore.constants.Constant`.
    data : In(48)
    chain : In(Chain)
        Which of them take part.
    values : Out(ConstantValues)
    """

    set: In(1)
    number: In(5)
    data: In(WORD_BITS)
    chain: In(Chain)
    values: Out(ConstantValues)

    def elaborate(self, platform):
        m = Module()
        values = self.values
        for name in ("factor0", "factor1", "compare", "count", "group", "index", "stride", "nearest"):
            init = 1 if name in ("group", "stride") else 0
            m.d.comb += values[name].eq(self._kept(m, Constant[name.upper()], init=init))
        for n in range(NOISES):
            for part in range(2):
                key = self._kept(m, Constant(Constant.KEY0_LOW + 2 * n + part))
                m.d.comb += values.keys[n].word_select(part, 32).eq(key)
        mean = Signal(signed(CENTRED), reset_less=True)
        m.d.sync += mean.eq(Mux(self.chain.centre, values.compare, 0))
        m.d.comb += values.mean.eq(mean)
        self._shifts(m, values)
        return m

    def _shifts(self, m, values):
        """Constants that are decoded."""
        m.submodules.narrow = narrow = NarrowDecode()
        m.submodules.normalise = normalise = NormaliseDecode()
        m.submodules.rescale = rescale = shared("rescale", RescaleDecode)
        m.submodules.convert = convert = shared("convert", RescaleDecode)
        scales = Signal()
        self._when(m, Constant.SCALE, scales.eq(1))
        self._when(m, Constant.SHIFT, scales.eq(0))
        u = self._kept(m, Constant.CONVERT)
        large = Mux(u > CONVERT_LARGEST, CONVERT_LARGEST, u)
        m.d.comb += [
            narrow.shift.eq(self._kept(m, Constant.SHIFT)),
            narrow.scale.eq(self._kept(m, Constant.SCALE)),
            narrow.scales.eq(scales),
            narrow.add.eq(self._kept(m, Constant.ADD)),
            narrow.adds.eq(self.chain.add),
            normalise.n.eq(self._kept(m, Constant.NORMALISE)),
            normalise.used.eq(self.chain.normalise),
            rescale.u.eq(self._kept(m, Constant.RESCALE)),
            convert.u.eq(Mux(u < CONVERT_LEAST, CONVERT_LEAST, large)),
            values.narrow.eq(narrow.control),
            values.normalise.eq(normalise.control),
            values.rescale.eq(rescale.control),
            values.convert.eq(convert.control),
        ]

    def _kept(self, m, constant, init=0):
        """Register of a constant, in its shape."""
        kept = Signal(constant.stands_for, name=constant.name.lower(), init=init)
        self._when(m, constant, kept.eq(self.data))
        return kept

    def _when(self, m, number, statements):
        with m.If(self.set & (self.number == number)):
            m.d.sync += statements
