"""The shifter of the conversion unit: from a wide value to fixed point with 16 fraction bits."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SHIFT_MAX", "SHIFT_WIDTH", "Shifter"]

#: Width of the signed shift.
SHIFT_WIDTH = 8
#: Larger shifts count as this one.
SHIFT_MAX = 60
#: Smaller shifts overflow, except of 0, since no format holds 2^17: they need no wider shifter.
_SHIFT_MIN = -16


class Shifter(wiring.Component):
    """value = floor(x * 2^(16 - s)) with s = min(shift, 60), or `over` where that does not fit.

    A window of x moves by words of 16 bits, by nibbles, then by bits. Bits that leave the window at its
    upper end must equal the sign, or the value overflows.

    Latency `LATENCY` = 4 cycles, throughput one a cycle.

    Parameters
    ----------
    x_width : int
        Width of `x`, at most 48.
    width : int
        Width of `value`, at most 33.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    x : In(signed(x_width))
        Wide value.
    shift : In(signed(8))
        Shift to the right, negative to the left.
    x_q : Out(signed(x_width))
        `x` a cycle later.
    value : Out(signed(width))
        Result; where `over`, only its sign means something.
    over : Out(1)
        The result does not fit `width` bits.

    Source: numerics.md Section 3.
    """

    LATENCY = 4

    def __init__(self, *, x_width: int, width: int):
        super().__init__(
            {
                "enable": In(1),
                "x": In(signed(x_width)),
                "shift": In(signed(SHIFT_WIDTH)),
                "x_q": Out(signed(x_width)),
                "value": Out(signed(width)),
                "over": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bits = len(self.value) - 1  # without the sign, which goes its own way
        x_q = Signal.like(self.x, name="x_q1", reset_less=True)
        sign = [x_q[-1], *(Signal(name=f"sign_q{n}", reset_less=True) for n in (2, 3, 4))]
        over = [Signal(name=f"over_q{n}", reset_less=True) for n in (2, 3, 4)]
        coarse = Signal(bits + 15, reset_less=True)
        middle = Signal(bits + 3, reset_less=True)
        fine = Signal(bits, reset_less=True)

        # Cycle 1: clamp.
        m.d.sync += x_q.eq(self.x)
        coarse_start, nibble, bit, below = self._clamp(m)
        # Cycle 2: by words.
        window, lost = self._words(*coarse_start, len(coarse))
        if bits == 16 - _SHIFT_MIN:
            lost |= below & sign[0]  # -1, which fits at the clamped shift
        m.d.sync += [coarse.eq(window), over[0].eq(lost)]
        # Cycle 3: by nibbles.
        window, lost = self._window(coarse, sign[1], nibble, 4, len(middle))
        m.d.sync += [middle.eq(window), over[1].eq(over[0] | lost)]
        # Cycle 4: by bits.
        window, lost = self._window(middle, sign[2], bit, 1, len(fine))
        m.d.sync += [fine.eq(window), over[2].eq(over[1] | lost)]
        m.d.sync += [late.eq(early) for late, early in zip(sign[1:], sign, strict=False)]
        m.d.comb += [self.x_q.eq(x_q), self.value.eq(Cat(fine, sign[3])), self.over.eq(over[2])]
        return EnableInserter(self.enable)(m)

    def _clamp(self, m):
        """Return s = 16 * (left ? -1 : word) + 4 * nibble + bit in parts, each delayed to where it acts."""
        below, above = Signal(name="below"), Signal(name="above")
        clamped = Signal(6)
        left = Signal(reset_less=True)
        below_q = Signal(reset_less=True)
        word, top, low_q, nibble, bit_q2, bit = (
            Signal(width, name=name, reset_less=True)
            for name, width in (("word", 2), ("top", 2), ("low_q", 4), ("nibble", 2), ("bit_q2", 2), ("bit", 2))
        )
        m.d.comb += [
            below.eq(self.shift < _SHIFT_MIN),
            above.eq(~self.shift[-1] & (self.shift[6] | self.shift[2:6].all())),  # 60 and more
            clamped.eq(Mux(below, 0, Mux(above, SHIFT_MAX, self.shift))),
        ]
        m.d.sync += [
            left.eq(self.shift[-1]),
            word.eq(Mux(self.shift[-1], 0, clamped[4:])),
            top.eq(Mux(self.shift[-1], 0, Mux(clamped[5], 3, clamped[4:] + 1))),
            low_q.eq(clamped[:4]),
            below_q.eq(below),
            Cat(bit_q2, nibble).eq(low_q),
            bit.eq(bit_q2),
        ]
        return (left, word, top), nibble, bit, below_q

    def _words(self, left, word, top, width):
        """Return `width` bits of {signs, x, 0, 0} from word - 1 of x on, -2 if `left`, and whether bits are lost."""
        sign = self.x_q[-1]
        x0, x1, x2 = (self.x_q.as_unsigned().word_select(n, 16) for n in range(3))
        signs = sign.replicate(16)
        window = Cat(
            _choose(word, [Const(0, 16), x0, x1, x2]),
            Mux(left, 0, _choose(word, [x0, x1, x2, signs])),
            _choose(top, [x0, x1, x2, signs]),
        )[:width]
        start = width - 32
        lost = [_differ(self.x_q[n : min(n + 16, 47)], sign) for n in (start, start + 16, start + 32)]
        return window, (left & lost[0]) | (~word.any() & lost[1]) | (~word[1] & lost[2])

    @staticmethod
    def _window(source, sign, select, step, width):
        """Return `width` bits of {sign.., source} from select * step on, and whether bits are lost."""
        window = _choose(select, [source[n * step :][:width] for n in range(4)])
        lost = _choose(select, [_differ(source[n * step + width :], sign) for n in range(4)])
        return window, lost


def _differ(bits, sign):
    return (bits ^ sign.replicate(len(bits))).any()


def _choose(select, choices):
    """Return choices[select] of four; a sum of products maps onto one LUT6 a bit here, a tree onto more."""
    products = (choice & (select == n).replicate(len(choice)) for n, choice in enumerate(choices))
    return reduce(or_, products)
