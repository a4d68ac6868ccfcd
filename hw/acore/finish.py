"""The last units of a lane before the conversion: add, compare, saturate, |z|."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.spec.acore import WORD_BITS

from .front import FRONT

__all__ = ["Finish"]


class Finish(wiring.Component):
    """z = sat(max(y, compare)), y = other + first or other - first; |z|.

    Latency `LATENCY` = 4 cycles to `z` and `passed`, 5 to `magnitude`; throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    first, other : In(signed(53))
    less : In(1)
        Subtract `first`.
    threshold : In(1)
        Compare, else z = sat(y).
    narrow : In(1)
        Saturate to 16 bits, else to 48.
    compare : In(signed(48))
    z : Out(signed(48))
    passed : Out(1)
        y >= compare.
    included : In(1)
        `z` is an element.
    magnitude : Out(48)
        0 where z is none.

    Source: numerics.md Sections 6 and 9; ETA, eq. 13, and Algorithm 2, line 5.
    """

    LATENCY = 4

    enable: In(1)
    first: In(signed(FRONT))
    other: In(signed(FRONT))
    less: In(1)
    threshold: In(1)
    narrow: In(1)
    compare: In(signed(WORD_BITS))
    included: In(1)
    z: Out(signed(WORD_BITS))
    passed: Out(1)
    magnitude: Out(unsigned(WORD_BITS))

    def elaborate(self, platform):
        m = Module()
        first, other = (Signal(signed(FRONT), name=name, reset_less=True) for name in ("first_q1", "other_q1"))
        y, y_q = (Signal(signed(FRONT + 1), name=name, reset_less=True) for name in ("y", "y_q1"))
        z = Signal(signed(WORD_BITS), reset_less=True)
        magnitude = Signal(WORD_BITS, reset_less=True)
        passed, passed_q, chosen, wrong = (
            Signal(name=name, reset_less=True) for name in ("passed_q3", "passed_q4", "chosen", "wrong")
        )
        sign = y_q[-1]
        limit = Cat((~sign).replicate(15), (~sign ^ self.narrow).replicate(WORD_BITS - 16), sign)
        over48 = _differ(y[WORD_BITS - 1 :])
        over16 = _differ(y[15:])
        passes = y >= self.compare
        m.d.comb += [self.z.eq(z), self.passed.eq(passed_q), self.magnitude.eq(magnitude)]
        with m.If(self.enable):
            m.d.sync += [
                first.eq(self.first),  # Cycle 1: the inputs' multiplexers.
                other.eq(self.other),
                y.eq(
                    other + (first.as_unsigned() ^ self.less.replicate(FRONT)).as_signed() + self.less
                ),  # Cycle 2: add.
                y_q.eq(y),  # Cycle 3: compare.
                passed.eq(passes),
                chosen.eq(passes | ~self.threshold),
                wrong.eq(Mux(self.narrow, over16, over48)),
                z.eq(Mux(chosen, Mux(wrong, limit, y_q), self.compare)),  # Cycle 4: choose, saturate.
                passed_q.eq(passed),
                # Cycle 5: |z|.
                magnitude.eq(Mux(self.included, (z ^ z[-1].replicate(WORD_BITS)) + z[-1], 0)),
            ]
        return m


def _differ(bits):
    return ~(bits.all() | ~bits.any())
