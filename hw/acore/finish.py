"""The last units of a lane before the conversion: compare, saturate, |z|."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import WORD_BITS
from hw.lib.bits import differ

__all__ = ["COMPARE", "Finish", "HIGH", "high"]

#: Width of the threshold.
COMPARE = 32
#: Bits of a multiply-add's summand that tell whether the sum fits, and the lowest of them.
HIGH, _LOWEST = 7, 44


def high(summand):
    """Upper bits of a summand, signed."""
    bits = summand[_LOWEST:].as_signed()
    return bits if summand.shape().signed else summand[_LOWEST:]


class _Choice(enum.Enum, shape=unsigned(2)):
    """What becomes z."""

    SUM = 0
    LIMIT = 1
    THRESHOLD = 2
    RESCALED = 3


class Finish(wiring.Component):
    """z = sat(max(y, compare)) or the saturated value of the rescaler; |z|.

    y is a sum modulo 2^48 of a summand and a product of at most 35 bits. The summand's upper bits tell whether it fits
    48 bits: only next to a limit does the product matter, and then two bits of y show which way it went.

    Latency `LATENCY` = 2 cycles to `z` and `passed`, 3 to `magnitude`, 1 less from `rescaled`; throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    y : In(signed(48))
    high : In(signed(7))
        The summand, from bit 44 on.
    threshold : In(1)
        Compare, else z = sat(y).
    compare : In(signed(32))
    direct : In(1)
        z is the rescaler's.
    narrow : In(1)
        And has 16 bits.
    rescaled, over, negative : In(signed(48)), In(1), In(1)
        See :class:`~hw.acore.rescaler.Rescaler`.
    z : Out(signed(48))
    passed : Out(1)
        y >= compare.
    inner : In(1)
        `magnitude` is that of `product`.
    product : In(signed(48))
    included : In(1)
        What becomes `magnitude` is that of an element; else it is 0.
    magnitude : Out(48)

    Source: numerics.md Sections 6 and 9; ETA, eq. 13, and Algorithm 2, line 5.
    """

    LATENCY = 2

    enable: In(1)
    y: In(signed(WORD_BITS))
    high: In(signed(HIGH))
    threshold: In(1)
    compare: In(signed(COMPARE))
    direct: In(1)
    narrow: In(1)
    rescaled: In(signed(WORD_BITS))
    over: In(1)
    negative: In(1)
    z: Out(signed(WORD_BITS))
    passed: Out(1)
    inner: In(1)
    product: In(signed(WORD_BITS))
    included: In(1)
    magnitude: Out(unsigned(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        y, z = (Signal(signed(WORD_BITS), name=name, reset_less=True) for name in ("y_q1", "z"))
        magnitude = Signal(WORD_BITS, reset_less=True)
        passed, passed_q, wrong, sign = (
            Signal(name=name, reset_less=True) for name in ("passed_q1", "passed_q2", "wrong", "sign")
        )
        over = self._over(m)
        m.d.comb += [self.z.eq(z), self.passed.eq(passed_q), self.magnitude.eq(magnitude)]
        beyond = differ(self.y[COMPARE - 1 :])
        least = self.y[:COMPARE].as_signed() >= self.compare
        choice = Signal(_Choice)
        with m.If(self.direct):
            m.d.comb += choice.eq(Mux(self.over, _Choice.LIMIT, _Choice.RESCALED))
        with m.Elif(self.threshold & ~passed):
            m.d.comb += choice.eq(_Choice.THRESHOLD)
        with m.Elif(wrong):
            m.d.comb += choice.eq(_Choice.LIMIT)
        negative = Mux(self.direct, self.negative, sign)
        limit = Cat((~negative).replicate(15), (~negative ^ self.narrow).replicate(WORD_BITS - 16), negative)
        first, second = choice.as_value()
        chosen = Mux(second, Mux(first, self.rescaled, self.compare), Mux(first, limit.as_signed(), y))
        value = Mux(self.inner, self.product, z)
        with m.If(self.enable):
            m.d.sync += [
                y.eq(self.y),  # Cycle 1: compare.
                passed.eq(Mux(over, ~self.high[-1], Mux(beyond, ~self.y[-1], least))),
                wrong.eq(over),
                sign.eq(self.high[-1]),
                z.eq(chosen),  # Cycle 2: choose, saturate.
                passed_q.eq(passed),
                # Cycle 3: |z|.
                magnitude.eq(Mux(self.included, (value ^ value[-1].replicate(WORD_BITS)) + value[-1], 0)),
            ]
        return m

    def _over(self, m):
        """Whether y does not fit: by the summand, or the other way round where the product crossed a limit."""
        limit = 1 << WORD_BITS - 1 - _LOWEST
        outside, up, down = Signal(), Signal(), Signal()
        m.d.comb += [
            outside.eq((self.high >= limit) | (self.high < -limit)),
            up.eq((self.high == limit - 1) | (self.high == -limit - 1)),
            down.eq((self.high == limit) | (self.high == -limit)),
        ]
        low = self.y[_LOWEST : _LOWEST + 2]
        return outside ^ ((up & (low == 0)) | (down & (low == 3)))
