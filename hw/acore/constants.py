"""The constants of a chain: registers that a program or a command sets, decoded for all lanes."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.shared import shared
from hw.spec.acore import WORD_BITS, Constant

from .narrow import NarrowControl
from .noise import NOISES
from .rescale import U_WIDTH, RescaleControl, RescaleDecode

__all__ = ["Constants", "ConstantValues"]


class ConstantValues(data.Struct):
    """Constants as the lanes and the flow want them."""

    narrow: NarrowControl
    rescale0: RescaleControl
    rescale1: RescaleControl
    convert: signed(8)
    factor0: signed(18)
    factor1: signed(18)
    add: signed(WORD_BITS)
    compare: signed(WORD_BITS)
    count: unsigned(24)
    group: unsigned(16)
    index: unsigned(32)
    stride: unsigned(32)
    nearest: unsigned(1)
    keys: data.ArrayLayout(unsigned(64), NOISES)


class Constants(wiring.Component):
    """Registers of the constants; they keep their value.

    Latency 2 cycles for the shifts of the rescalers, 1 for the others. At reset a group has 1 beat, the stride is 1,
    all others are 0.

    Members
    -------
    set : In(1)
        Take `data` into the constant `number`.
    number : In(5)
        A :class:`~hw.spec.acore.Constant`.
    data : In(48)
    values : Out(ConstantValues)
    """

    set: In(1)
    number: In(5)
    data: In(WORD_BITS)
    values: Out(ConstantValues)

    def elaborate(self, platform):
        m = Module()
        values = self.values
        kept = Signal(ConstantValues, init={"group": 1, "stride": 1})
        m.d.comb += values.eq(kept)
        plain = ("convert", "factor0", "factor1", "add", "compare", "count", "group", "index", "stride", "nearest")
        for name in plain:
            self._when(m, Constant[name.upper()], kept[name].eq(self.data))
        for n in range(NOISES):
            low = Constant.KEY0_LOW + 2 * n
            self._when(m, low, kept.keys[n][:32].eq(self.data))
            self._when(m, low + 1, kept.keys[n][32:].eq(self.data))
        self._when(m, Constant.SCALE, [kept.narrow.factor.eq(self.data), kept.narrow.word.eq(1)])
        power = [kept.narrow.factor[n].eq(self.data[:4] == n) for n in range(17)]
        self._when(m, Constant.SHIFT, [*power, kept.narrow.word.eq(self.data[4:6])])
        for name in ("rescale0", "rescale1"):
            m.submodules[name] = decode = shared(name, RescaleDecode)
            u = Signal(signed(U_WIDTH), name=f"{name}_u")
            self._when(m, Constant[name.upper()], u.eq(self.data))
            m.d.comb += [decode.u.eq(u), values[name].eq(decode.control)]
        return m

    def _when(self, m, number, statements):
        with m.If(self.set & (self.number == number)):
            m.d.sync += statements
