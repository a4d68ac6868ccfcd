"""The rounding half of the conversion unit: segment, stochastic rounding, canonical code."""

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.pint import PintFormat

__all__ = ["FRACTION", "NEAREST", "Rounder"]

#: Bits of the noise, and fraction bits of a value that lacks none.
FRACTION = 16
#: Noise that rounds to nearest.
NEAREST = 1 << FRACTION - 1
#: Choices of the segment: the three of the format, and beyond the limits.
_SMALL, _MIDDLE, _LARGE, _BEYOND = range(4)


class Rounder(wiring.Component):
    """Canonical code of min((q + ((f + random16) >> 16)) << segment, max).

    q and f are the integer part and the upper 16 fraction bits of value / 2^segment; the segment is the finest
    that holds floor(value). If `over`, the code is that of the limit on the side of the sign.

    Latency `LATENCY` = 3 cycles, throughput one a cycle.

    Parameters
    ----------
    pint : PintFormat
        Format of the codes.
    fraction : int
        Fraction bits of the value, at most 16.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    value : In(signed(value_width + fraction))
        Fixed point.
    over : In(1)
        The value is beyond the limits.
    random16 : In(16)
        Noise for this value.
    nearest : In(1)
        Noise is 8000h instead.
    code : Out(k)
        Canonical code.

    Source: numerics.md Sections 1 and 3.
    """

    LATENCY = 3

    def __init__(self, *, pint: PintFormat, fraction: int = FRACTION):
        self._pint, self._fraction = pint, fraction
        super().__init__(
            {
                "enable": In(1),
                "value": In(signed(pint.value_width + fraction)),
                "over": In(1),
                "random16": In(FRACTION),
                "nearest": In(1),
                "code": Out(pint.k),
            }
        )

    def elaborate(self, platform):
        m = Module()
        pint = self._pint
        # Of the noise, only what falls on fraction bits of the largest segment matters.
        bits = min(self._fraction + pint.shifts[-1], FRACTION)
        width = pint.k - 1 + bits
        value = Cat(Const(0, bits - self._fraction), self.value)
        segment = Signal(2)
        segment_q = Signal(2, reset_less=True)
        segment_q2 = Signal(2, reset_less=True)
        scaled = Signal(signed(width), reset_less=True)
        random16_q = Signal(bits, reset_less=True)
        total = Signal(signed(width + 1))
        rounded = Signal(signed(pint.k), reset_less=True)
        code_q3 = Signal(pint.k, reset_less=True)

        sign = self.value[-1]
        positive = Signal()
        limit = Cat(positive.replicate(width - 1), sign)
        fitting = Mux(self._fits(pint.d), _SMALL, Mux(self._fits(pint.k - 2 + pint.d), _MIDDLE, _LARGE))
        m.d.comb += [
            positive.eq(~sign),
            segment.eq(Mux(self.over, _BEYOND, fitting)),
            total.eq(scaled + random16_q),
            self.code.eq(code_q3),
        ]
        m.d.sync += [
            # Cycle 1: the segment, and the value in its steps.
            segment_q.eq(segment),
            scaled.eq(_choose(segment, [*(value[shift:][:width] for shift in pint.shifts), limit])),
            random16_q.eq(Mux(self.nearest, NEAREST >> FRACTION - bits, self.random16[FRACTION - bits :])),
            # Cycle 2: round.
            segment_q2.eq(segment_q),
            rounded.eq(total[bits:]),
            # Cycle 3: code.
            code_q3.eq(self._canonical(segment_q2, rounded)),
        ]
        return EnableInserter(self.enable)(m)

    def _fits(self, bits):
        """Whether -2^bits <= floor(value) < 2^bits."""
        above = self.value[self._fraction + bits :]
        return above.all() | ~above.any()

    def _canonical(self, segment, q):
        """Code of q << segment; rounding may have taken q to the edge of the next segment."""
        k, d = self._pint.k, self._pint.d
        same = q[: k - 1]
        top = ~q[-1] & q[-2]  # q = 2^(k-2)
        small = Mux(~q[-1] & q[d], Const(1 << (k - 1) | 1, k), same)
        middle = Mux(top, Const(1 << d, k), Mux(q.all(), Const((1 << (k - 1)) - (1 << d), k), Cat(same, 1)))
        large = Mux(top, Const((1 << (k - 2)) - 1, k), Mux(q[-1] & q[d:-1].all(), Const(0b11 << (k - 2), k), same))
        beyond = Mux(q[-1], Const(1 << (k - 2), k), Const((1 << (k - 2)) - 1, k))
        return _choose(segment, [small, middle, large, beyond])


def _choose(select, choices):
    """Return choices[select] of four; a tree maps onto one LUT6 a bit here, an `Array` onto wide multiplexers."""
    a, b, c, d = choices
    return Mux(select[1], Mux(select[0], d, c), Mux(select[0], b, a))
