"""x_hat from the product with 1/nu: a right shift of a small range."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.sizes import WORD_BITS
from hw.lib.bits import choose, differ

__all__ = ["Normalise", "NormaliseControl", "NormaliseDecode", "X_HAT"]

#: Width of x_hat.
X_HAT = 18
#: Width of the product, xs * m.
_PRODUCT = 43
#: Least shift.
_LEAST = 4
#: Choices of the first two multiplexers, and the last one's move.
_STEP, _LAST = 4, 2
#: Widths of the values between the multiplexers, with a bit below the unit.
_FINE = 1 + X_HAT + _LAST
_COARSE = _FINE + _STEP - 1


class NormaliseControl(data.Struct):
    """A shift by 4 + 4 * coarse + fine + 2 * last; common to all lanes."""

    coarse: unsigned(2)
    fine: unsigned(2)
    last: unsigned(1)
    used: unsigned(1)  #: the chain normalises; else x_hat is 0


class NormaliseDecode(wiring.Component):
    """Control from the constant `normalise`.

    Latency 1 cycle.

    Members
    -------
    n : In(5)
        The shift less 4.
    used : In(1)
        The chain normalises; else x_hat is 0.
    control : Out(NormaliseControl)
    """

    n: In(5)
    used: In(1)
    control: Out(NormaliseControl)

    def elaborate(self, platform):
        m = Module()
        control, last = self.control, self.n[-1]  # 16 and 17
        m.d.sync += [
            control.coarse.eq(Mux(last, _STEP - 1, self.n[2:4])),
            control.fine.eq(Mux(last, _LAST | self.n[0], self.n[:2])),
            control.last.eq(last),
            control.used.eq(self.used),
        ]
        return m


class Normalise(wiring.Component):
    """value = sat18(rsh(x, s)), s = 4 to 21: x >> s and the bit below.

    Latency `LATENCY` = 3 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(NormaliseControl)
    x : In(signed(48))
        Of 43 bits.
    value : Out(signed(18))
        0 where the chain does not normalise.

    Source: numerics.md Section 6.
    """

    LATENCY = 3

    enable: In(1)
    control: In(NormaliseControl)
    x: In(signed(WORD_BITS))
    value: Out(signed(X_HAT))

    def elaborate(self, platform):
        m = Module()
        coarse = Signal(_COARSE, reset_less=True)
        fine = Signal(_FINE, reset_less=True)
        value = Signal(X_HAT, reset_less=True)
        sign = [Signal(name=f"sign_q{n}", reset_less=True) for n in (1, 2)]
        differs, lost = Signal(_STEP, reset_less=True), Signal(reset_less=True)
        x, control = self.x[:_PRODUCT], self.control
        top = x[-1]
        # Cycle 1: steps of four. What lies above the window must be the sign.
        below = _LEAST - 1
        starts = range(below + _COARSE, _PRODUCT, _STEP)
        parts = [differ(x[start : start + _STEP], top) for start in starts]
        # Cycle 2: the rest but for two.
        coarse_lost = [differs[n:].any() for n in range(_STEP)]
        fine_lost = [differ(coarse[_FINE + n :], sign[0]) for n in range(_STEP - 1)] + [Const(0, 1)]
        # Cycle 3: two, saturate, round.
        moved = Mux(control.last, fine[_LAST:], fine[:-_LAST])  # and the bit below
        over = lost | (fine[-1] ^ sign[1]) | (~control.last & differ(fine[X_HAT:-1], sign[1]))
        limit = Cat((~sign[1]).replicate(X_HAT - 1), sign[1])
        chosen, up = Signal(X_HAT), Signal()
        m.d.comb += [
            chosen.eq(Mux(over, limit, moved[1:])),
            up.eq(moved[0] & ~over & (chosen[-1] | ~chosen[:-1].all())),
        ]
        m.d.comb += self.value.eq(value.as_signed())
        with m.If(self.enable):
            m.d.sync += [
                coarse.eq(choose(control.coarse, [x[below + _STEP * n :][:_COARSE] for n in range(_STEP)])),
                differs.eq(Cat(parts)),
                fine.eq(choose(control.fine, [coarse[n:][:_FINE] for n in range(_STEP)])),
                lost.eq(choose(control.coarse, coarse_lost) | choose(control.fine, fine_lost)),
                value.eq(Mux(control.used, chosen + up, 0)),
                Cat(sign).eq(Cat(top, sign)),
            ]
        return m
