"""x_hat from the product with 1/nu: a right shift of a small range."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.spec.acore import WORD_BITS

__all__ = ["HALF", "Normalise", "NormaliseControl", "NormaliseDecode", "X_HAT"]

#: Width of x_hat.
X_HAT = 18
#: Width of the product, xs * m.
_PRODUCT = 43
#: Least and largest shift.
_LEAST, _LARGEST = 4, 21
_STEP = 4
_STEPS = (_LARGEST - _LEAST) // _STEP + 1
#: Width of the value between the two multiplexers.
_MIDDLE = X_HAT + _STEP - 1
#: Bits of the half that the product takes in for rounding.
HALF = _LARGEST


class NormaliseControl(data.Struct):
    """A shift by 4 + 4 * steps + fine; common to all lanes."""

    steps: unsigned(3)
    fine: unsigned(2)
    half: unsigned(HALF)  #: half a unit of the result, a summand of the product


class NormaliseDecode(wiring.Component):
    """Control from the constant `normalise`.

    Latency 1 cycle.

    Members
    -------
    n : In(5)
        The shift less 4.
    used : In(1)
        The chain normalises; else the half is 0.
    control : Out(NormaliseControl)
    """

    n: In(5)
    used: In(1)
    control: Out(NormaliseControl)

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [Cat(self.control.fine, self.control.steps).eq(self.n), self.control.half.eq(0)]
        with m.If(self.used):
            m.d.sync += [self.control.half[_LEAST - 1 + n].eq(self.n == n) for n in range(_LARGEST - _LEAST + 1)]
        return m


class Normalise(wiring.Component):
    """value = sat18(x >> s), s = 4 to 21; the half is in x already.

    Latency `LATENCY` = 3 cycles, throughput one a cycle.

    Members
    -------
    enable : In(1)
        The pipeline advances; else it holds.
    control : In(NormaliseControl)
    x : In(signed(48))
        Of 43 bits.
    value : Out(signed(18))

    Source: numerics.md Section 6.
    """

    LATENCY = 3

    enable: In(1)
    control: In(NormaliseControl)
    x: In(signed(WORD_BITS))
    value: Out(signed(X_HAT))

    def elaborate(self, platform):
        m = Module()
        middle = Signal(_MIDDLE, reset_less=True)
        moved, value = (Signal(X_HAT, name=name, reset_less=True) for name in ("moved", "value"))
        sign, sign_q, lost, over = (
            Signal(name=name, reset_less=True) for name in ("sign_q1", "sign_q2", "lost", "over")
        )
        x, control = self.x[:_PRODUCT], self.control
        top = x[-1]
        extended = Cat(x, top.replicate(_STEP))
        coarse = [extended[_LEAST + _STEP * n :][:_MIDDLE] for n in range(_STEPS)]
        # Bits above the window of each step, from the topmost window down.
        above = Const(0, 1)
        losses = []
        for n in reversed(range(_STEPS)):
            start = _LEAST + _STEP * n + _MIDDLE
            part = x[start : min(start + _STEP, _PRODUCT)] if start < _PRODUCT else x[-1:]
            above = above | (part ^ top.replicate(len(part))).any()
            losses.insert(0, above)
        rest = middle[X_HAT - 1 :] ^ sign.replicate(_STEP)
        fine = [middle[n:][:X_HAT] for n in range(_STEP)]
        beyond = [rest[n:].any() for n in range(_STEP)]
        m.d.comb += self.value.eq(value.as_signed())
        with m.If(self.enable):
            with m.Switch(control.steps):
                for n in range(_STEPS):
                    with m.Case(n) if n < _STEPS - 1 else m.Default():
                        m.d.sync += [middle.eq(coarse[n]), lost.eq(losses[n])]  # Cycle 1: steps of four.
            with m.Switch(control.fine):
                for n in range(_STEP):
                    with m.Case(n):
                        m.d.sync += [moved.eq(fine[n]), over.eq(lost | beyond[n])]  # Cycle 2: the rest.
            m.d.sync += [
                sign.eq(top),
                sign_q.eq(sign),
                # Cycle 3: saturate.
                value.eq(Mux(over, Cat((~sign_q).replicate(X_HAT - 1), sign_q), moved)),
            ]
        return m
