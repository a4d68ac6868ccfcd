"""The sums of a filter, and the greatest of each window."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WindowMax"]


class WindowMax(wiring.Component):
    """Adds the bias and k partial sums, one a PE, to a sum z, and gives the greatest z of every P x P.

    Latency `LATENCY` = 3 cycles from the last partial sum of a window to `o_valid`; partial sums may come one a cycle.

    Parameters
    ----------
    bits : int
        Of a partial sum.
    out : int
        Of z.
    lanes : int
        k.
    window : int
        P P, sums a window.

    Members
    -------
    i_valid : In(1), i : In(signed(bits)), bias : In(1)
        A partial sum of the filter, in the order of its lanes; or with `bias` what z begins with from now on.
    o_valid : Out(1), o : Out(signed(out)), place : Out(range(window))
        The greatest sum of a window and its number there, the first if several; all 0 unless valid.

    Source: TaxoNN, Section IV-A; golden's `best`.
    """

    LATENCY = 3

    def __init__(self, *, bits: int, out: int, lanes: int, window: int):
        self._lanes, self._window = lanes, window
        super().__init__(
            {
                "i_valid": In(1),
                "i": In(signed(bits)),
                "bias": In(1),
                "o_valid": Out(1),
                "o": Out(signed(out)),
                "place": Out(range(max(window, 2))),
            }
        )

    def elaborate(self, platform):
        m = Module()
        bias, total = Signal.like(self.o, reset_less=True), Signal.like(self.o, reset_less=True)
        best, best_place = Signal.like(self.o, reset_less=True), Signal.like(self.place, reset_less=True)
        lane, place = Signal(range(max(self._lanes, 2))), Signal.like(self.place)
        whole, valid = Signal(), Signal()
        last_lane, last_place = lane == self._lanes - 1, place == self._window - 1
        # Cycle 1: add.
        m.d.sync += whole.eq(self.i_valid & ~self.bias & last_lane)
        with m.If(self.i_valid & self.bias):
            m.d.sync += bias.eq(self.i)
        with m.Elif(self.i_valid):
            m.d.sync += [total.eq(Mux(lane == 0, bias, total) + self.i), lane.eq(Mux(last_lane, 0, lane + 1))]
        # Cycle 2: compare.
        m.d.sync += valid.eq(whole & last_place)
        with m.If(whole):
            m.d.sync += place.eq(Mux(last_place, 0, place + 1))
            with m.If((place == 0) | (total > best)):
                m.d.sync += [best.eq(total), best_place.eq(place)]
        # Cycle 3: give.
        m.d.sync += [self.o_valid.eq(valid), self.o.eq(0), self.place.eq(0)]
        with m.If(valid):
            m.d.sync += [self.o.eq(best), self.place.eq(best_place)]
        return m
