"""Statistics of the conversion: how large the inputs were and how many saturated."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["COUNT_WIDTH", "X_WIDTH", "Statistics"]

#: Width of the signed input of the conversion.
X_WIDTH = 48
#: Width of the count of saturated elements.
COUNT_WIDTH = 32


class Statistics(wiring.Component):
    """Running OR of |x| and count of saturations.

    magnitude_or |= |x| where `x_valid`, with |-2^47| = 2^47; saturated += 1 where `saturates`, up to its maximum.

    Latency 3 cycles from `x` and 2 from `saturates`, throughput one a cycle, never stalls. `clear` restarts
    both: they are 0 in the next cycle, and what came in the same cycle or before is dropped.

    Parameters
    ----------
    count_width : int
        Width of `saturated`, at least 3.

    Members
    -------
    x : In(signed(48))
        Element.
    x_valid : In(1)
        `x` is an element to include.
    saturates : In(1)
        One more element has saturated.
    clear : In(1)
        Restart.
    magnitude_or : Out(48)
        OR of the magnitudes.
    saturated : Out(count_width)
        Number of saturated elements, at most 2^count_width - 1.

    Raises
    ------
    ValueError
        If `count_width` is less than 3.

    Source: numerics.md Sections 3 and 4.
    """

    LATENCY = 3

    def __init__(self, *, count_width: int = COUNT_WIDTH):
        if count_width < 3:
            raise ValueError(f"Statistics count_width must be at least 3, not {count_width}")
        super().__init__(
            {
                "x": In(signed(X_WIDTH)),
                "x_valid": In(1),
                "saturates": In(1),
                "clear": In(1),
                "magnitude_or": Out(X_WIDTH),
                "saturated": Out(count_width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        self._magnitude(m)
        self._count(m)
        return m

    def _magnitude(self, m):
        half = X_WIDTH // 2
        sign = self.x[-1]
        inverted = Signal(X_WIDTH)
        # Cycle 1: lower half of |x|. Cycle 2: upper half, and OR of the lower. Cycle 3: OR of the upper.
        low, high, inverted_q = (Signal(half, name=n, reset_less=True) for n in ("low", "high", "inverted_q"))
        carry = Signal(reset_less=True)
        low_valid = Signal()
        high_valid = Signal()
        low_or, high_or = self.magnitude_or[:half], self.magnitude_or[half:]
        m.d.comb += inverted.eq(self.x.as_unsigned() ^ sign.replicate(X_WIDTH))
        m.d.sync += [
            Cat(low, carry).eq(inverted[:half] + sign),
            inverted_q.eq(inverted[half:]),
            low_valid.eq(self.x_valid & ~self.clear),
            high.eq(inverted_q + carry),
            high_valid.eq(low_valid & ~self.clear),
            low_or.eq(Mux(self.clear, 0, low_or | Mux(low_valid, low, 0))),
            high_or.eq(Mux(self.clear, 0, high_or | Mux(high_valid, high, 0))),
        ]

    def _count(self, m):
        saturates_q = Signal()
        # The count grows by at most 1 a cycle: what its upper bits were a cycle ago tells enough of them.
        nearly_full = Signal()
        m.d.sync += [
            # Cycle 1.
            saturates_q.eq(self.saturates & ~self.clear),
            nearly_full.eq(self.saturated[2:].all() & ~self.clear),
            # Cycle 2: count.
            self.saturated.eq(
                Mux(self.clear, 0, self.saturated + (saturates_q & ~(nearly_full & self.saturated[:2].all())))
            ),
        ]
