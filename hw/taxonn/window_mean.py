"""The sum of each window of a filter, of which the layer makes the mean."""

from amaranth.hdl import Module, Mux, Signal

from .window_max import WindowMax

__all__ = ["WindowMean"]


class WindowMean(WindowMax):
    """Adds up the bias and k partial sums, one a PE, of all sums of a P x P window.

    The bias counts P P times from the start, so that there is one adder, as without pooling. Latency, parameters and
    members as :class:`.window_max.WindowMax`, but `o` is the sum, and `place` 0.

    Source: TaxoNN, Section IV-A; golden's `pool`.
    """

    def elaborate(self, platform):
        m = Module()
        start, total = (Signal.like(self.o, name=name, reset_less=True) for name in ("start", "total"))
        count, whole, valid = Signal(range(max(self._lanes * self._window, 2))), Signal(), Signal()
        last = count == self._lanes * self._window - 1
        # Cycle 1: add.
        m.d.sync += whole.eq(self.i_valid & ~self.bias & last)
        with m.If(self.i_valid & self.bias):
            m.d.sync += start.eq(self.i * self._window)
        with m.Elif(self.i_valid):
            m.d.sync += [total.eq(Mux(count == 0, start, total) + self.i), count.eq(Mux(last, 0, count + 1))]
        # Cycle 2: where the maximum is compared; the next partial sum may be added now.
        kept = Signal.like(self.o, reset_less=True)
        m.d.sync += [valid.eq(whole), kept.eq(total)]
        # Cycle 3: give.
        m.d.sync += [self.o_valid.eq(valid), self.o.eq(Mux(valid, kept, 0))]
        return m
