"""The line of text that says how the bring-up test ended."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import ArrayConfig
from hw.arch.bringup import report

__all__ = ["Report"]

#: Hexadecimal digits of the signature; their places in the text are the characters 0 to 7.
_DIGITS = 8


class Report(wiring.Component):
    """Sends the line of `hw.arch.bringup.report`, character by character.

    A line begins when `start` is high while none is sent. `passed` and `measured` are constant meanwhile.
    One character a transfer, in the cycle after the one before at the earliest.

    Parameters
    ----------
    config : ArrayConfig
        The array that is tested, for its name.
    expected : int
        The right signature.

    Members
    -------
    start, passed : In(1)
    measured : In(32)
        The signature.
    o : Out(stream of 8)
    """

    start: In(1)
    passed: In(1)
    measured: In(32)
    o: Out(stream.Signature(8))

    def __init__(self, *, config: ArrayConfig, expected: int):
        places = "".join(map(chr, range(_DIGITS)))
        #: Text of a pass and of a failure, the signature's digits as their numbers.
        self._texts = {passed: report(config, passed, places, expected) for passed in (True, False)}
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        place = Signal(range(max(map(len, self._texts.values()))))
        last = Signal()
        sending = Signal()
        text = Signal(8)
        digit = Signal(4)
        m.d.comb += [self.o.valid.eq(sending), self.o.payload.eq(text)]
        for passed, characters in self._texts.items():
            with m.If(self.passed == int(passed)):
                m.d.comb += last.eq(place == len(characters) - 1)
                with m.Switch(place):
                    for n, character in enumerate(characters):
                        with m.Case(n):
                            m.d.comb += text.eq(ord(character))
        for n in range(_DIGITS):  # the highest first
            with m.If(text == n):
                m.d.comb += digit.eq(self.measured.word_select(_DIGITS - 1 - n, 4))
        with m.If(text < _DIGITS):
            m.d.comb += self.o.payload.eq(Mux(digit < 10, ord("0") + digit, ord("A") - 10 + digit))
        with m.If(~sending):
            m.d.sync += [sending.eq(self.start), place.eq(0)]
        with m.Elif(self.o.ready):
            m.d.sync += [sending.eq(~last), place.eq(place + 1)]
        return m
