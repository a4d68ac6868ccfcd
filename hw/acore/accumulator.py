"""The scalar accumulator of an APU, and what it can become in a cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import ACCUMULATOR_BITS, WORD_BITS

from .decode import BOUNDS, FACTOR, LEAP, NUMBER, Source

__all__ = ["Accumulator", "Choice"]

_BITS = ACCUMULATOR_BITS
#: Bits of the other factor.
_MULTIPLICAND = 36


class Choice(enum.Enum, shape=unsigned(2)):
    """The accumulator's next value."""

    TOTAL = 0
    RIGHT = 1
    LEAP = 2
    COMMAND = 3


class Accumulator(wiring.Component):
    """a becomes total = a + operand + carry, total >> 1, a >> 8, or `command`; one adder, before it one multiplexer.

    A product takes 18 steps: the factor is in the lower 18 bits, above it the sum that is shifted down.

    Latency 1 cycle.

    Members
    -------
    clear : In(1), clear_upper : In(1)
        a becomes 0; a becomes a[17:0].
    enable : In(1), choice : In(Choice)
        Else a becomes this.
    twice : In(1)
        The operand is a.
    use_word : In(1), word : In(signed(56))
        Else the operand is the word.
    lower, upper : In(Source), number : In(17), sum : In(signed(56)), wide : In(signed(48))
        Else bits 17:0 and bits 55:18 are those of one of these, or of a bound; the upper number is word[35:0] << 18.
    limit : In(1), sign : In(1), above : In(8)
        The bound is one of this sign, where bit n of `above` tells whether the bits from BOUNDS[n] - 1 on are the
        sign; 0 without `limit`.
    invert : In(1)
        Take the complement of the operand, but for `twice`.
    carry : In(1)
    command : In(signed(56))
    a : Out(signed(56))
    below : Out(1)
        Sign of total, which has 57 bits.
    """

    clear: In(1)
    clear_upper: In(1)
    enable: In(1)
    choice: In(Choice)
    twice: In(1)
    use_word: In(1)
    word: In(signed(_BITS))
    lower: In(Source)
    upper: In(Source)
    number: In(NUMBER)
    sum: In(signed(_BITS))
    wide: In(signed(WORD_BITS))
    limit: In(1)
    sign: In(1)
    above: In(len(BOUNDS))
    invert: In(1)
    carry: In(1)
    command: In(signed(_BITS))
    a: Out(signed(_BITS))
    below: Out(1)

    def elaborate(self, platform):
        m = Module()
        a = Signal(signed(_BITS), reset_less=True)
        total, next_a = Signal(signed(_BITS + 1)), Signal(_BITS)
        other, operand = Signal(_BITS), Signal(signed(_BITS))
        m.d.comb += [
            other.eq(self._other(m)),
            operand.eq(Mux(self.twice, a, Mux(self.use_word, self.word, other) ^ self.invert.replicate(_BITS))),
            total.eq(a + operand + self.carry),
            self.a.eq(a),
            self.below.eq(total[-1]),
        ]
        with m.Switch(self.choice):
            with m.Case(Choice.TOTAL):
                m.d.comb += next_a.eq(total)
            with m.Case(Choice.RIGHT):
                m.d.comb += next_a.eq(total >> 1)
            with m.Case(Choice.LEAP):
                m.d.comb += next_a.eq(a >> LEAP)
            with m.Default():
                m.d.comb += next_a.eq(self.command)
        lower, upper = a[:FACTOR], a[FACTOR:]
        with m.If(self.clear):
            m.d.sync += lower.eq(0)
        with m.Elif(self.enable):
            m.d.sync += lower.eq(next_a[:FACTOR])
        with m.If(self.clear | self.clear_upper):
            m.d.sync += upper.eq(0)
        with m.Elif(self.enable):
            m.d.sync += upper.eq(next_a[FACTOR:])
        return m

    def _other(self, m):
        """The operand that is no memory word."""
        shifted, wide = Signal(signed(_BITS)), Signal(signed(_BITS))
        m.d.comb += [shifted.eq(self.word[:_MULTIPLICAND].as_signed() << FACTOR), wide.eq(self.wide)]
        number, limit = Cat(self.number, 0), self._limit()
        lower, upper = slice(0, FACTOR), slice(FACTOR, _BITS)
        return Cat(
            _chosen(self.lower, limit[lower], number, self.sum[lower], wide[lower]),
            _chosen(self.upper, limit[upper], shifted[upper], self.sum[upper], wide[upper]),
        )

    def _limit(self):
        """The bound."""
        bounds = [0, *(bits - 1 for bits in BOUNDS), _BITS - 1]
        parts = [self.limit & ~self.sign] + [self.limit & (bit ^ ~self.sign) for bit in self.above]
        return Cat(
            *(part.replicate(end - start) for part, start, end in zip(parts, bounds, bounds[1:], strict=False)),
            self.limit & self.sign,
        )


def _chosen(source, limit, number, sum_, wide):
    """Return the operand of a source."""
    select = source.as_value()
    return Mux(select[1], Mux(select[0], wide, sum_), Mux(select[0], number, limit))
