"""The value of a code times a constant or a power of two."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.decoder import Decoder
from hw.spec.pint import PintFormat

__all__ = ["SHIFTED", "Narrow", "NarrowControl"]

#: Width of the result, which saturates.
SHIFTED = 52


class NarrowControl(data.Struct):
    """Factor and place of the product; common to all lanes."""

    factor: unsigned(17)  #: power of two, or any
    word: unsigned(2)  #: 0: product / 2^16, half up; else product * 2^(16 * (word - 1))


class Narrow(wiring.Component):
    """value = t * factor, shifted by words: rsh(t, s) of any s, or t by a constant.

    Latency `LATENCY` = 4 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(NarrowControl)
    code : In(8)
    value : Out(signed(52))

    Source: numerics.md Sections 6, 7 and 9.
    """

    LATENCY = 4

    enable: In(1)
    control: In(NarrowControl)
    code: In(8)
    value: Out(signed(SHIFTED))

    def elaborate(self, platform):
        m = Module()
        m.submodules.decoder = decoder = Decoder(pint=PintFormat())
        t = Signal.like(decoder.value, name="t", reset_less=True)
        product = Signal(signed(len(t) + 17), reset_less=True)
        total = Signal.like(product, name="total", reset_less=True)
        value = Signal(signed(SHIFTED), reset_less=True)
        word = self.control.word
        m.d.comb += [decoder.code.eq(self.code), self.value.eq(value)]
        fitting = total[SHIFTED - 33 :]  # bits that a shift by 32 must not lose
        lost = (word == 3) & ~(fitting.all() | ~fitting.any())
        limit = Cat((~total[-1]).replicate(SHIFTED - 1), total[-1])
        shifted = _choose(word, [total >> 16, total, total << 16, Cat(Const(0, 32), total)[:SHIFTED]])
        with m.If(self.enable):
            m.d.sync += [
                t.eq(decoder.value),  # Cycle 1: decode.
                product.eq(t * Cat(self.control.factor, 0).as_signed()),  # Cycle 2: multiply.
                total.eq(product + Mux(word == 0, 1 << 15, 0)),  # Cycle 3: round.
                value.eq(Mux(lost, limit, shifted)),  # Cycle 4: move by words.
            ]
        return m


def _choose(select, choices):
    """Return choices[select], each extended to the width of the result."""
    a, b, c, d = (_extended(choice) for choice in choices)
    return Mux(select[1], Mux(select[0], d, c), Mux(select[0], b, a))


def _extended(value):
    if not value.shape().signed:
        return value
    return Cat(value, value[-1].replicate(max(SHIFTED - len(value), 0)))[:SHIFTED]
