"""A shift of a wide value by any amount: a word multiplexer and a multiplication by a power of two."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import WORD_BITS
from hw.lib.bits import choose, differ
from hw.lib.delay import delayed

__all__ = ["GUARD", "RescaleControl", "RescaleDecode", "Shift", "U_WIDTH"]

#: Width of u, the position of a shift.
U_WIDTH = 7
#: Bits below the noise, which the shift within a word takes in.
GUARD = 15
_WORD = 16
_SOURCES = WORD_BITS // _WORD
#: Bits of a window that one DSP slice multiplies.
_SLICE = 24
#: Bits that a LUT compares with the sign.
_GROUP = 5


class RescaleControl(data.Struct):
    """What a shift by u = 16 * words + bits means for the windows of 3 or 4 words; common to all lanes."""

    power: unsigned(_WORD)  #: 2^bits
    select: data.ArrayLayout(unsigned(2), 4)  #: word of x that each word of the window takes, 3 for the sign
    zero: unsigned(4)  #: words of the window below x
    lost3: unsigned(_SOURCES)  #: words of x above a window of 3 words
    lost4: unsigned(_SOURCES)  #: words of x above a window of 4 words


class RescaleDecode(wiring.Component):
    """Control of the shifts from u.

    Latency 1 cycle.

    Members
    -------
    u : In(signed(7))
    control : Out(RescaleControl)
    """

    u: In(signed(U_WIDTH))
    control: Out(RescaleControl)

    def elaborate(self, platform):
        m = Module()
        control = self.control
        m.d.sync += [control.power[n].eq(self.u[:4] == n) for n in range(_WORD)]
        # A table of the words: arithmetic on three bits would take more LUTs.
        with m.Switch(self.u[4:].as_signed()):
            for words in range(-_SOURCES - 1, _SOURCES + 1):
                with m.Case(words):
                    for j in range(4):
                        taken = j - words  # word of x that word j of the window takes
                        m.d.sync += [
                            control.zero[j].eq(taken < 0),
                            control.select[j].eq(min(max(taken, 0), _SOURCES)),
                        ]
                    for i in range(_SOURCES):
                        m.d.sync += [control.lost3[i].eq(words + i >= 3), control.lost4[i].eq(words + i >= 4)]
        return m


class Shift(wiring.Component):
    """value = floor(x * 2^(u - 15)) + noise, where it fits; `over` where it does not.

    A window of x, moved by words of 16 bits, is multiplied by 2^(u mod 16) in DSP slices of 24 bits, the carry of one
    the summand of the next. The noise is a summand of the first, above the guard bits.

    Latency `latency` = 1 + slices cycles, throughput one a cycle. `noise` comes one cycle after `x`.

    Parameters
    ----------
    words : int
        3 or 4: the window's words.
    bits : int
        Width of `value`; 15 less than that of the window, or one more than that.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(RescaleControl)
        Constant while values are under way.
    x : In(signed(48))
    noise : In(16)
        One cycle after x.
    value : Out(signed(bits))
    over : Out(1)
        The result does not fit.
    negative : Out(1)
        Sign of x.

    Source: numerics.md Section 0; architecture.md Section 4.
    """

    def __init__(self, *, words: int, bits: int):
        self._words, self._bits = words, bits
        self._width = _WORD * words
        self._slices = -(-self._width // _SLICE)
        self.latency = 1 + self._slices
        super().__init__(
            {
                "enable": In(1),
                "control": In(RescaleControl),
                "x": In(signed(WORD_BITS)),
                "noise": In(_WORD),
                "value": Out(signed(bits)),
                "over": Out(1),
                "negative": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        with m.If(self.enable):
            window, lost, sign = self._select(m)
            result = self._shift(m, Cat(window, sign))
            wrong = delayed(m, lost, self._slices - 1, name="wrong")
            negative = delayed(m, sign, self._slices, name="sign")
        above = result[GUARD + self._bits - 1 :]
        m.d.comb += [
            self.value.eq(result[GUARD:]),
            self.over.eq(wrong | differ(above)),
            self.negative.eq(negative),
        ]
        return m

    def _select(self, m):
        """Cycle 1: the window and the sign. Cycle 2: whether x has bits above the window."""
        control = self.control
        sign = Signal(name="sign", reset_less=True)
        lost = Signal(reset_less=True)
        window = Signal(self._width, reset_less=True)
        signs = self.x[-1].replicate(_WORD)
        words = [self.x.as_unsigned().word_select(n, _WORD) for n in range(_SOURCES)]
        above = control.lost3 if self._words == 3 else control.lost4
        found = []
        for i, word in enumerate(words):
            groups = [word[n : n + _GROUP] for n in range(0, _WORD, _GROUP)]
            differs = Signal(len(groups), name=f"differs_{i}", reset_less=True)
            m.d.sync += differs.eq(Cat(differ(group, self.x[-1]) for group in groups))
            found.append(differs.any() & above[i])
        m.d.sync += [sign.eq(self.x[-1]), lost.eq(reduce(or_, found))]
        for j in range(self._words):
            chosen = choose(control.select[j], [*words, signs])
            m.d.sync += window.word_select(j, _WORD).eq(Mux(control.zero[j], 0, chosen))
        return window, lost, sign

    def _shift(self, m, window):
        """Cycles 2 and on: multiply by slices; return the whole product."""
        power = Cat(self.control.power, 0).as_signed()
        carry = Cat(self.noise << GUARD, 0).as_signed()
        parts = []
        for n in range(self._slices):
            last = n == self._slices - 1
            operand = delayed(m, window[n * _SLICE :] if last else window[n * _SLICE :][:_SLICE], n, name=f"window_{n}")
            operand = operand.as_signed() if last else Cat(operand, 0).as_signed()
            product = Signal(signed(len(operand) + _WORD + 2), name=f"product_{n}", reset_less=True)
            m.d.sync += product.eq(operand * power + carry)
            carry = product >> _SLICE
            parts.append(product if last else delayed(m, product[:_SLICE], self._slices - 1 - n, name=f"part_{n}"))
        return Cat(parts)
