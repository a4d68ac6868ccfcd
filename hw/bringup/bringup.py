"""The bring-up test, all but the pins."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import ArrayControl
from hw.array.array import Array
from hw.lib.shared import shared

from .report import Report
from .signature import Signature
from .stimulus import Stimulus
from .uart import UartTransmitter

__all__ = ["BringUp"]


class BringUp(wiring.Component):
    """Runs an array on pseudo-random operands through all its modes, and compares the signature of its results.

    After reset the control words run `rounds` times without a pause, on other operands each time; :attr:`latency`
    cycles after reset the verdict is there. Then the line `GRADGATE 8x3x3x8 PASS 1234ABCD`, or
    `GRADGATE 8x3x3x8 FAIL 1234ABCD EXPECTED 89ABCDEF`, is sent once a second until `restart`.

    Parameters
    ----------
    config : ArrayConfig
        Sizes and arithmetic.
    words : sequence of int
        Control words of one round, :class:`hw.arch.array.control.ArrayControl`.
    rounds : int
        Rounds to run.
    expected : int
        The right signature, 32 bits.
    clock_hz, baud : int
        Rates of the clock and of the UART.

    Members
    -------
    restart : In(1)
        Runs the test again; looked at when it has ended and no line is being sent.
    leds : Out(8)
        Running, passed, failed, heartbeat (changes with each line), and the signature's lowest four bits.
    tx : Out(1)
        UART.

    Raises
    ------
    ValueError
        If there is no control word, `rounds` is less than 1 or `baud` more than half of `clock_hz`.

    Source: :mod:`hw.arch.bringup`.
    """

    #: The same for every array.
    MEMBERS = wiring.Signature({"restart": In(1), "leds": Out(8), "tx": Out(1, init=1)})

    def __init__(
        self,
        *,
        config: ArrayConfig,
        words: Sequence[int],
        rounds: int,
        expected: int,
        clock_hz: int,
        baud: int = 115200,
    ):
        if not words:
            raise ValueError("Bring-up words must be at least one, not none")
        if rounds < 1:
            raise ValueError(f"Bring-up rounds must be at least 1, not {rounds}")
        if not 0 < baud <= clock_hz // 2:
            raise ValueError(f"Bring-up baud must be 1 to half of the clock, {clock_hz // 2}, not {baud}")
        self._config, self._words, self._rounds = config, tuple(words), rounds
        self._expected, self._clock_hz, self._divisor = expected, clock_hz, round(clock_hz / baud)
        #: Cycles before the first control word and behind the last.
        self._warm, self._flush = Stimulus.latency_of(config) - 1, Signature.latency_of(config) + 2
        self.latency = self._warm + rounds * len(words) + self._flush + 1
        super().__init__(self.MEMBERS)

    def _program(self, m, address):
        """The control word at an address, one cycle later."""
        places: dict[int, list[int]] = {}
        for place, word in enumerate(self._words):
            places.setdefault(word, []).append(place)
        word = Signal(ArrayControl)
        m.d.sync += word.as_value().eq(0)
        with m.Switch(address):
            for value, cases in places.items():
                with m.Case(*cases):
                    m.d.sync += word.as_value().eq(value)
        return word

    def _data_path(self, m, word):
        """Operands, array and signature, under the control word."""
        m.submodules.stimulus = stimulus = shared("stimulus", Stimulus, config=self._config)
        m.submodules.array = array = shared("array", Array, config=self._config)
        m.submodules.signature = signature = shared("signature", Signature, config=self._config)
        m.d.comb += [
            array.control.eq(word),
            signature.ports.eq(word.ports),
            signature.beat.eq(word.beat),
            signature.valid.eq(word.valid),
            signature.ps_o.eq(array.ps_o),
        ]
        for name in ("x", "w", "e", "ps_i"):
            m.d.comb += getattr(array, name).eq(getattr(stimulus, name))
        return stimulus.index, signature

    def elaborate(self, platform):
        m = Module()
        m.submodules.report = report = Report(config=self._config, expected=self._expected)
        m.submodules.uart = uart = UartTransmitter(divisor=self._divisor)
        idle = len(self._words)  # the address of no operation
        address = Signal(range(idle + 1), init=idle)
        index, signature = self._data_path(m, self._program(m, address))
        running = Signal(init=1)
        passed = Signal()
        failed = Signal()
        heartbeat = Signal()
        timer = Signal(range(max(self._warm, self._flush, self._clock_hz) + 1))
        rounds = Signal(range(max(self._rounds, 2)))
        connect(m, report.o, uart.i)
        m.d.comb += [
            report.passed.eq(passed),
            report.measured.eq(signature.value),
            self.tx.eq(uart.tx),
            self.leds.eq(Cat(running, passed, failed, heartbeat, signature.value[:4])),
        ]
        m.d.sync += timer.eq(timer + 1)
        with m.If(running):
            m.d.sync += index.eq(index + 1)
        with m.FSM():
            # The random unit fills the lanes.
            with m.State("Warm"), m.If(timer == self._warm - 1):
                m.d.sync += address.eq(0)
                m.next = "Run"
            with m.State("Run"):
                m.d.sync += address.eq(address + 1)
                with m.If(address == idle - 1):
                    m.d.sync += [address.eq(0), rounds.eq(rounds + 1)]
                    with m.If(rounds == self._rounds - 1):
                        m.d.sync += [address.eq(idle), timer.eq(0)]
                        m.next = "Flush"
            # The last results leave.
            with m.State("Flush"), m.If(timer == self._flush):
                right = signature.value == self._expected
                m.d.sync += [running.eq(0), passed.eq(right), failed.eq(~right), timer.eq(0)]
                m.next = "Done"
            with m.State("Done"):
                m.d.comb += report.start.eq(timer == 0)
                with m.If(timer == self._clock_hz - 1):
                    m.d.sync += [timer.eq(0), heartbeat.eq(~heartbeat)]
                with m.If(self.restart & ~report.o.valid):
                    m.d.comb += signature.clear.eq(1)
                    m.d.sync += [running.eq(1), passed.eq(0), failed.eq(0), timer.eq(0), rounds.eq(0), index.eq(0)]
                    m.next = "Warm"
        return m
