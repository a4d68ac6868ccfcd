"""The scalar accumulator of an APU, and what it can become in a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.spec.acore import ACCUMULATOR_BITS, SATURATIONS

__all__ = ["FACTOR", "LEAP", "Accumulator", "Choice"]

_BITS = ACCUMULATOR_BITS
#: Bits of the factor in the accumulator, and so steps of a multiplication.
FACTOR = 18
#: Bits of the other factor.
_MULTIPLICAND = _BITS - FACTOR
#: A right shift goes by this many bits while it can.
LEAP = 8


class Choice(enum.Enum, shape=unsigned(3)):
    """The accumulator's next value."""

    KEEP = 0
    OPERAND = 1
    TOTAL = 2
    SATURATED = 3
    RIGHT = 4
    LEAP = 5
    LEFT = 6
    PRODUCT = 7


class Accumulator(wiring.Component):
    """a becomes a, operand, a +- operand, sat(a), a >> 1, a >> 8, a << 1, or a step of a product.

    A product takes 18 steps: the factor is in the lower 18 bits, above it the sum that is shifted down.

    Latency 1 cycle.

    Members
    -------
    choice : In(Choice)
    operand : In(signed(56))
    less : In(1)
        Subtract the operand.
    width : In(6)
        One of SATURATIONS.
    multiplicand : In(signed(38))
    last : In(1)
        The step of the factor's sign.
    a : Out(signed(56))
    below : Out(1)
        Sign of a +- operand.
    """

    choice: In(Choice)
    operand: In(signed(_BITS))
    less: In(1)
    width: In(6)
    multiplicand: In(signed(_MULTIPLICAND))
    last: In(1)
    a: Out(signed(_BITS))
    below: Out(1)

    def elaborate(self, platform):
        m = Module()
        a, choice = Signal(signed(_BITS), reset_less=True), self.choice.as_value()
        total = Signal(signed(_BITS + 1))
        upper = Signal(signed(_MULTIPLICAND + 1))
        term = Mux(a[0], self.multiplicand.as_unsigned() ^ self.last.replicate(_MULTIPLICAND), 0).as_signed()
        m.d.comb += [
            total.eq(a + (self.operand.as_unsigned() ^ self.less.replicate(_BITS)).as_signed() + self.less),
            upper.eq(a[FACTOR:].as_signed() + term + (a[0] & self.last)),
            self.a.eq(a),
            self.below.eq(total[-1]),
        ]
        # A tree of multiplexers: a table of cases would take more LUTs.
        low = [a, self.operand, total, self._saturated(m, a)]
        high = [a >> 1, a >> LEAP, (a << 1)[:_BITS], Cat(a[1:FACTOR], upper)]
        m.d.sync += a.eq(Mux(choice[2], _tree(choice, high), _tree(choice, low)))
        return m

    def _saturated(self, m, a):
        """The accumulator, saturated to a width of the list."""
        sign = a[-1]
        bounds = [bits - 1 for bits in SATURATIONS] + [_BITS - 1]
        limit, wrong = [(~sign).replicate(bounds[0])], Const(0, 1)
        for n, bits in enumerate(SATURATIONS):
            above = Signal(name=f"above_{bits}")  # in the saturated value, these bits are the sign
            part = a[bounds[n] : bounds[n + 1]]
            m.d.comb += above.eq(self.width <= bits)
            wrong = wrong | (above & (part ^ sign.replicate(len(part))).any())
            limit.append((sign ^ ~above).replicate(len(part)))
        return Mux(wrong, Cat(limit, sign), a)


def _tree(select, choices):
    """Return choices[select] of four, by the lower two bits."""
    a, b, c, d = choices
    return Mux(select[1], Mux(select[0], d, c), Mux(select[0], b, a))
