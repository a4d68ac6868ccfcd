"""The conversion unit: from wide sums to PINT codes with stochastic rounding (ETA, Fig. 4(b))."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.pint import PintFormat
from hw.lib.shared import shared

from .rounder import FRACTION, Rounder
from .shifter import SHIFT_WIDTH, Shifter
from .statistics import COUNT_WIDTH, X_WIDTH, Statistics

__all__ = ["Convert", "ConvertInput"]


class ConvertInput(data.Struct):
    """One element to convert."""

    x: signed(X_WIDTH)  #: wide value
    shift: signed(SHIFT_WIDTH)  #: s: x / 2^s is in units of the result
    random16: FRACTION  #: rounding noise; 8000h rounds to nearest


class Convert(wiring.Component):
    """Code of x / 2^s, rounded within the segment that floor(x / 2^s) falls into.

    t = min((q + ((f + random16) >> 16)) << segment, max), q and f the integer part and the 16 fraction bits of
    x / 2^(s + segment), s = clamp(shift, -18, 60); beyond the limits the code of the nearer limit, counted.
    Hardware of golden's `encode`.

    Latency `LATENCY` = 7 cycles, throughput one element a cycle; all stages hold while `o` waits for `ready`.
    The statistics include an element when its code appears at `o`, or before. `clear` restarts them with the
    elements accepted from that cycle on: those accepted before count no more, though still under way.

    Parameters
    ----------
    pint : PintFormat
        Format of the codes.
    count_width : int
        Width of `saturated`, at least 3; 32 but in tests of its limit.

    Members
    -------
    i : In(stream of ConvertInput)
        Elements.
    o : Out(stream of k)
        Canonical codes, in the same order.
    clear : In(1)
        Restart of the statistics.
    magnitude_or : Out(48)
        OR of |x| over the accepted elements.
    saturated : Out(count_width)
        How many of them were beyond the limits, at most 2^count_width - 1.

    Raises
    ------
    TypeError
        If `pint` is not a PintFormat.

    Source: numerics.md Section 3; ETA, Fig. 4(b), which rounds before it selects the segment, and so truncates.
    """

    LATENCY = Shifter.LATENCY + Rounder.LATENCY

    def __init__(self, *, pint: PintFormat, count_width: int = COUNT_WIDTH):
        if not isinstance(pint, PintFormat):
            raise TypeError(f"Convert pint must be a PintFormat, not {pint!r}")
        self._pint = pint
        super().__init__(
            {
                "i": In(stream.Signature(ConvertInput)),
                "o": Out(stream.Signature(pint.k)),
                "clear": In(1),
                "magnitude_or": Out(X_WIDTH),
                "saturated": Out(count_width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = self._pint.value_width + FRACTION
        m.submodules.shifter = shifter = shared("shifter", Shifter, x_width=X_WIDTH, width=width)
        m.submodules.rounder = rounder = shared("rounder", Rounder, pint=self._pint)
        m.submodules.statistics = statistics = shared("statistics", Statistics, count_width=len(self.saturated))
        payload = self.i.payload
        enable = Signal()
        accept = Signal()
        accept_q = Signal()
        valid = Signal(self.LATENCY)
        counted = Signal(Shifter.LATENCY)  # of each stage: valid, and accepted since the last clear
        random16 = [Signal(16, name=f"random16_q{n + 1}", reset_less=True) for n in range(Shifter.LATENCY)]
        m.d.comb += [
            enable.eq(~self.o.valid | self.o.ready),
            accept.eq(enable & self.i.valid),
            self.i.ready.eq(enable),
            shifter.x.eq(payload.x),
            shifter.shift.eq(payload.shift),
            shifter.enable.eq(enable),
            rounder.enable.eq(enable),
            rounder.value.eq(shifter.value),
            rounder.over.eq(shifter.over),
            rounder.random16.eq(random16[-1]),
            self.o.valid.eq(valid[-1]),
            self.o.payload.eq(rounder.code),
            statistics.clear.eq(self.clear),
            statistics.x.eq(shifter.x_q),
            statistics.x_valid.eq(accept_q),
            statistics.saturates.eq(enable & counted[-1] & shifter.over),
            self.magnitude_or.eq(statistics.magnitude_or),
            self.saturated.eq(statistics.saturated),
        ]
        m.d.sync += accept_q.eq(accept)
        with m.If(enable):
            m.d.sync += [
                valid.eq(Cat(self.i.valid, valid)[: len(valid)]),
                counted.eq(Cat(self.i.valid, counted)[: len(counted)]),
                Cat(random16).eq(Cat(payload.random16, random16)[: 16 * len(random16)]),
            ]
        with m.If(self.clear):
            m.d.sync += counted.eq(accept)
        return m
