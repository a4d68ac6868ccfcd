"""The functions that all APUs share: division and the exponential."""

from amaranth.hdl import Cat, Module, Mux, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.taxonn.scratchpad import Rom

__all__ = ["ANSWER", "DIVIDEND", "DIVISOR", "Ask", "Functions"]

#: Quotients have 18 bits, so a dividend is less than 2^18 times its divisor.
ANSWER, DIVISOR = 18, 28
DIVIDEND = ANSWER + DIVISOR
_TABLE = tuple(round(2 ** (16 - i / 1024)) for i in range(1024))


class Ask(data.Struct):
    """A question of an APU."""

    exponential: unsigned(1)  #: the exponential of `dividend`, not the quotient
    dividend: unsigned(DIVIDEND)
    divisor: unsigned(DIVISOR)


class Functions(wiring.Component):
    """floor(dividend / divisor), or round(2^16 * 2^(-i/1024)) of i = dividend mod 1024.

    One question at a time, the APUs in turn. The answer comes 20 cycles after a question is taken, 2 after that
    for an exponential; it is taken in the cycle in which it comes.

    Parameters
    ----------
    apus : int

    Members
    -------
    ask : In(Ask), [apus]
        Held until answered.
    asks : In(apus)
    answers : Out(apus)
        The answer is that of this APU.
    answer : Out(18)

    Source: ETA, Section IV-C: "Division"; numerics.md Sections 6 and 8.
    """

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
        rest = Signal(DIVIDEND + 1, reset_less=True)
        divisor = Signal(DIVISOR, reset_less=True)
        steps = Signal(range(ANSWER + 1))
        exponential = Signal()
        asked = Signal(Ask)
        asks = Signal()
        difference = Signal(DIVISOR + 2)
        with m.Switch(turn):
            for n in range(self._apus):
                with m.Case(n):
                    m.d.comb += [asked.eq(self.ask[n]), asks.eq(self.asks[n])]
        m.d.comb += [
            table.address.eq(asked.dividend[:10]),
            # One bit of the quotient: the divisor, aligned with the upper part, is subtracted where it fits.
            difference.eq(rest[ANSWER - 1 :] - divisor),
            self.answer.eq(Mux(exponential, table.data, rest[:ANSWER])),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [
                    rest.eq(asked.dividend), divisor.eq(asked.divisor), steps.eq(ANSWER - 1),
                    exponential.eq(asked.exponential),
                ]  # fmt: skip
                with m.If(asks):
                    m.next = "DIVIDE"
                with m.Else():
                    m.d.sync += turn.eq(Mux(turn == self._apus - 1, 0, turn + 1))
            with m.State("DIVIDE"):
                fits = ~difference[-1]
                upper = Mux(fits, difference[:DIVISOR], rest[ANSWER - 1 :][:DIVISOR])
                m.d.sync += [rest.eq(Cat(fits, rest[: ANSWER - 1], upper)), steps.eq(steps - 1)]
                with m.If((steps == 0) | exponential):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [answers.eq(turn == n) for n, answers in enumerate(self.answers)]
                m.d.sync += turn.eq(Mux(turn == self._apus - 1, 0, turn + 1))
                m.next = "IDLE"
        return m
