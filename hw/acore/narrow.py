"""The value of a code times a constant or a power of two, in one DSP slice."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import WORD_BITS
from hw.arch.pint import PintFormat
from hw.arith.decoder import Decoder

__all__ = ["POWERS", "Narrow", "NarrowControl", "NarrowDecode"]

#: Powers of two that a slice multiplies by, and how far the words of the result are apart.
POWERS = 24
#: Shifts from 0 and from -16 on; the constant counts from the latter.
_ORIGIN = 16
#: Width of a constant that is added to a shifted code.
_ADD = 32


class NarrowControl(data.Struct):
    """Factor, place and summand of the product; common to all lanes."""

    factor: unsigned(POWERS)  #: power of two, or any
    word: unsigned(2)  #: the result is 0: product / 2^16; 1: product; 2: product * 2^24 + `low`
    summand: signed(WORD_BITS)  #: of the product: half for rounding, and the front's constant
    low: unsigned(POWERS)  #: lower bits of the constant
    large: unsigned(1)  #: the constant is so large that the result has its sign, though the product may wrap
    negative: unsigned(1)  #: that sign


class NarrowDecode(wiring.Component):
    """Control from the constants `shift`, `scale` and `add`.

    Latency 1 cycle.

    Members
    -------
    shift : In(6)
        u: the product is t * 2^(u - 16), rounded half up.
    scale : In(17), scales : In(1)
        Or t * scale.
    add, adds : In(signed(48)), In(1)
        The constant, and whether it is added.
    control : Out(NarrowControl)
    """

    shift: In(6)
    scale: In(17)
    scales: In(1)
    add: In(signed(WORD_BITS))
    adds: In(1)
    control: Out(NarrowControl)

    def elaborate(self, platform):
        m = Module()
        control = self.control
        word, power = Signal(2), Signal(POWERS)
        add = Mux(self.adds, self.add, 0)
        # A table of the shift: arithmetic would take more LUTs.
        with m.Switch(self.shift):
            for u in range(1 << len(self.shift)):
                place = 0 if u < POWERS else 1 if u < _ORIGIN + POWERS else 2
                with m.Case(u):
                    m.d.comb += [word.eq(place), power.eq(1 << u - (0, _ORIGIN, _ORIGIN + POWERS)[place])]
        with m.If(self.scales):
            m.d.comb += word.eq(1)
        half = Cat(Const(1 << _ORIGIN - 1, _ORIGIN), add)[:WORD_BITS]
        m.d.sync += [
            control.word.eq(word),
            control.factor.eq(Mux(self.scales, self.scale, power)),
            control.summand.eq(Mux(word == 0, half, Mux(word == 1, add, add >> POWERS))),
            control.low.eq(add[:POWERS]),
            control.large.eq(self.adds & (self.add[_ADD - 1] ^ self.add[_ADD - 2])),
            control.negative.eq(self.add[_ADD - 1]),
        ]
        return m


class Narrow(wiring.Component):
    """value = t * factor + summand, whose words the front moves: rsh(t, s) of any s, or t by a constant.

    Latency `LATENCY` = 3 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    used : In(1)
        There is a code; else t = 0.
    control : In(NarrowControl)
    code : In(8)
    value : Out(signed(48))

    Source: numerics.md Sections 6, 7 and 9.
    """

    LATENCY = 3

    enable: In(1)
    used: In(1)
    control: In(NarrowControl)
    code: In(8)
    value: Out(signed(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = Decoder(pint=PintFormat())
        t = Signal.like(decoder.value, name="t", reset_less=True)
        product = Signal(signed(len(t) + POWERS), reset_less=True)
        value = Signal(signed(WORD_BITS), reset_less=True)
        m.d.comb += [decoder.code.eq(self.code), self.value.eq(value)]
        with m.If(self.enable):
            m.d.sync += [
                t.eq(Mux(self.used, decoder.value, 0)),  # Cycle 1: decode.
                product.eq(t * Cat(self.control.factor, 0).as_signed()),  # Cycle 2: multiply.
                value.eq(product + self.control.summand),  # Cycle 3: add.
            ]
        return m
