"""Sums of weight gradients across the window processing units of a cluster."""

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.array.config import TAPS
from hw.lib.delay import delayed

from .layouts import packed
from .overflow import overflows

__all__ = ["GradientSum"]


class GradientSum(wiring.Component):
    """sum[w][k] = sum over all WPUs v of q(v, beat * wpus + w, k), modulo 2^acc_bits.

    In the output-stationary mode each WPU holds the gradient of its own output rows; the drain adds them.
    Row r leaves on WPU r mod wpus in beat r // wpus; WPUs without a row in a beat carry zero or a repeated row.

    `overflow`[w] has bit k set where one of the additions of sum[w][k] leaves acc_bits.

    Latency: :attr:`latency` cycles, one beat a cycle.

    Parameters
    ----------
    wpus, rows : int
        Sizes of the cluster.
    acc_bits : int
        Width of the sums.
    min_latency : int
        Latency to reach by padding, which is spread between the adders.

    Members
    -------
    q : In(signed(acc_bits)), [wpus][rows][3]
    beat : In(4)
    sum : Out(signed(acc_bits)), [wpus][3]
    overflow : Out(3), [wpus]

    Source: ETA, Section IV-B.1 (6) and IV-B.3; architecture.md Section 4.
    """

    def __init__(self, *, wpus: int, rows: int, acc_bits: int, min_latency: int = 0):
        self._wpus, self._rows, self._acc = wpus, rows, signed(acc_bits)
        self.latency = max(self.levels(wpus), min_latency)
        super().__init__(
            {
                "q": In(packed(self._acc, wpus, rows, TAPS)),
                "beat": In(4),
                "sum": Out(packed(self._acc, wpus, TAPS)),
                "overflow": Out(packed(TAPS, wpus)),
            }
        )

    @staticmethod
    def levels(wpus: int) -> int:
        """Registered levels: the adders, or the beat multiplexer alone."""
        return max(1, ceil_log2(wpus))

    def _selected(self, m, v: int, w: int, k: int):
        """q(v, beat * wpus + w, k); rows beyond the last one repeat it."""
        *rows, last = [self.q[v][r][k] for r in range(w, self._rows, self._wpus)]
        selected = Signal(self._acc, name=f"q_{v}_{w}_{k}")
        m.d.comb += selected.eq(last)
        with m.Switch(self.beat):
            for beat, row in enumerate(rows):
                with m.Case(beat):
                    m.d.comb += selected.eq(row)
        return selected

    def elaborate(self, platform):
        m = Module()
        levels = self.levels(self._wpus)
        # Registers behind each level: the spare ones are spread, so that they stay flip-flops.
        spare = [(self.latency - levels + n) // levels for n in range(levels)]
        for w in range(min(self._wpus, self._rows)):
            for k in range(TAPS):
                terms = [self._selected(m, v, w, k) for v in range(self._wpus)]
                unseen = Const(0)
                for level in range(levels):
                    pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
                    terms, found = [], [unseen]
                    for i, pair in enumerate(pairs):
                        name = f"sum_{w}_{k}_{level}_{i}"
                        total = Signal(self._acc, name=f"{name}_d")
                        term = Signal(self._acc, name=name, reset_less=True)
                        m.d.comb += total.eq(sum(pair[1:], pair[0]))
                        m.d.sync += term.eq(total)
                        terms.append(delayed(m, term, spare[level], name=name))
                        found += [overflows(total, *pair)] if len(pair) == 2 else []
                    seen = Signal(name=f"overflow_{w}_{k}_{level}", reset_less=True)
                    m.d.sync += seen.eq(Cat(found).any())
                    unseen = delayed(m, seen, spare[level], name=f"overflow_{w}_{k}_{level}")
                m.d.comb += [self.sum[w][k].eq(terms[0]), self.overflow[w][k].eq(unseen)]
        return m
