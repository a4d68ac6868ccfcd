"""The functions that all APUs share: division and the exponential."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.lib.memory.scratchpad import Rom

__all__ = ["ANSWER", "DIVIDEND", "DIVISOR", "QUOTIENT", "Ask", "Functions"]

#: Quotients have 18 bits, so a dividend is less than 2^18 times its divisor.
QUOTIENT, DIVISOR = 18, 28
DIVIDEND = QUOTIENT + DIVISOR
#: An answer comes bit by bit.
ANSWER = 1
_TABLE = tuple(round(2 ** (16 - i / 1024)) for i in range(1024))


class Ask(data.Struct):
    """A question of an APU."""

    exponential: unsigned(1)  #: the exponential of `dividend`, not the quotient
    dividend: unsigned(DIVIDEND)
    divisor: unsigned(DIVISOR)


class Functions(wiring.Component):
    """floor(dividend / divisor), or round(2^16 * 2^(-i/1024)) of i = dividend mod 1024.

    One question at a time, the APUs in turn. The bits of an answer come one a cycle, the highest first: those of a
    quotient from 3 cycles after `answers` on, those of an exponential from 4; till then they are 0.

    Parameters
    ----------
    apus : int

    Members
    -------
    ask : In(Ask), [apus]
        0 but in the cycle after that of `answers`.
    asks : In(apus)
        Held until answered.
    answers : Out(apus)
        The question of this APU is taken.
    answer : Out(1)
        A bit of the answer.

    Source: ETA, Section IV-C: "Division"; numerics.md Sections 6 and 8.
    """

    #: Cycles from `answers` to the last bit of a quotient, of an exponential.
    DIVISION, EXPONENTIAL = QUOTIENT + 2, QUOTIENT + 3

    def __init__(self, *, apus: int):
        self._apus = apus
        super().__init__(
            {
                "ask": In(data.ArrayLayout(Ask, apus)),
                "asks": In(apus),
                "answers": Out(apus),
                "answer": Out(ANSWER),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.table = table = Rom(words=_TABLE, shape=unsigned(17))
        turn = Signal(range(self._apus))
        rest = Signal(DIVIDEND + 1)
        divisor = Signal(DIVISOR, reset_less=True)
        steps = Signal(range(QUOTIENT + 1), reset_less=True)
        exponential, first, second = (Signal(name=name, reset_less=True) for name in ("exponential", "first", "second"))
        asked = Signal(Ask)
        lower, upper = rest[: QUOTIENT - 1], rest[QUOTIENT - 1 :]
        difference = Signal(len(upper))
        fits = ~difference[-1]
        m.d.comb += [
            asked.as_value().eq(reduce(or_, (self.ask[n].as_value() for n in range(self._apus)))),
            table.address.eq(rest),
            # One bit of the quotient: the divisor, aligned with the upper part, is subtracted where it fits.
            difference.eq(upper - divisor),
        ]
        m.d.sync += [first.eq(0), second.eq(first), self.answer.eq(0)]
        with m.FSM() as fsm:
            idle = fsm.ongoing("IDLE")
            with m.State("IDLE"):
                m.d.comb += [answers.eq((turn == n) & self.asks[n]) for n, answers in enumerate(self.answers)]
                m.d.sync += [turn.eq(Mux(turn == self._apus - 1, 0, turn + 1))]
                with m.If(self.answers.any()):
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.sync += [
                    divisor.eq(asked.divisor),
                    exponential.eq(asked.exponential),
                    steps.eq(QUOTIENT),
                    first.eq(1),
                ]
                m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.sync += [
                    steps.eq(steps - 1),
                    self.answer.eq(Mux(exponential, rest[QUOTIENT - 1] & ~first & ~second, fits)),
                ]
                with m.If(steps == 0):
                    m.next = "IDLE"
        next_lower = Mux(exponential & second, Cat(0, table.data), Cat(0, lower))
        next_upper = Mux(fits, difference[:DIVISOR], upper[:DIVISOR])
        # Nobody asks while the rest is not 0, so that no multiplexer is needed.
        with m.If(~idle):
            m.d.sync += rest.eq(Cat(next_lower[:QUOTIENT], next_upper) | asked.dividend)
        with m.Else():
            m.d.sync += rest.eq(0)
        return m
