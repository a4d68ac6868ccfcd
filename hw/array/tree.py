"""Adder tree and partial-sum adders of a window processing unit."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.array.config import TAPS
from hw.arch.array.control import PORTS, TAP_PORTS, Ports
from hw.lib.delay import delayed

from .layouts import packed
from .overflow import overflows

__all__ = ["SumTree"]


class SumTree(wiring.Component):
    """Sums of the chains q(r, k) of a WPU, as :class:`hw.arch.array.control.Ports` names them, plus a partial sum.

    With t_k the sum of q(r, k) over the outer rows (all but 1) and m_k = q(1, k)::

        a = m_0 + (TAPS ? t_0 : m_2)          port 1: m_0 + m_2, or tap 0
        b = t_2 + (TAPS ? m_2 : t_0)          port 3: t_0 + t_2, or tap 2
        outer = t_1 + (TOTAL or MIXED ? b : 0)   port 2: outer rows, or their tap 1
        inner = m_1 + (TOTAL or MIXED ? a : 0)
        port 0 = inner + (TOTAL or TAPS ? outer : 0)   total, tap 1, row 1, or its tap 1

    Gating an addend costs nothing in the adder's LUT, so eight adders serve all modes, and what the partial-sum adders
    take is chosen in theirs: in the mode TOTAL all ports carry port 0's sum, in the mode GRADIENT ports 1, 0 and 3
    carry `gradient`. ps_o = port + ps_i, modulo 2^acc_bits.

    `overflow` watches the partial-sum adders alone: bit p is set where port + ps_i leaves acc_bits, or, in the mode
    GRADIENT, where `gradient_overflow` of the port's tap is set. The adders before them wrap unseen: what they add
    are sums of one slot, channels * rows * 3 products, which fit acc_bits in every mode that they serve.

    Latency: :attr:`latency` cycles from `q` and `ports` to `ps_o` in every mode, so that modes follow each other
    without a bubble; `gradient` and `ps_i` come one cycle before `ps_o`. One result a port and cycle.

    Parameters
    ----------
    rows : int
        Rows of the WPU.
    acc_bits : int
        Width of the sums.
    min_latency : int
        Latency to reach by delaying `q`, where the cross-WPU sums are slower than the tree.

    Members
    -------
    q : In(signed(acc_bits)), [rows][3]
    ports : In(Ports)
    gradient, gradient_overflow : In(signed(acc_bits)), [3], In(3)
    ps_i, ps_o : In, Out(signed(acc_bits)), [4]
    overflow : Out(4), with its `ps_o`

    Source: ETA, Section IV-B.3 (accumulator); architecture.md Section 4, with fewer adders.
    """

    def __init__(self, *, rows: int, acc_bits: int, min_latency: int = 0):
        self._rows, self._acc = rows, signed(acc_bits)
        #: Levels of the sum over the outer rows.
        self._depth = ceil_log2(max(rows - 1, 1))
        self._pad = max(0, min_latency - self.base_latency(rows))
        self.latency = self.base_latency(rows) + self._pad
        super().__init__(
            {
                "q": In(packed(self._acc, rows, TAPS)),
                "ports": In(Ports),
                "gradient": In(packed(self._acc, TAPS)),
                "gradient_overflow": In(TAPS),
                "ps_i": In(packed(self._acc, PORTS)),
                "ps_o": Out(packed(self._acc, PORTS)),
                "overflow": Out(PORTS),
            }
        )

    @staticmethod
    def base_latency(rows: int) -> int:
        """Latency without padding: the levels over the outer rows, three of the tree and the partial-sum adder."""
        return ceil_log2(max(rows - 1, 1)) + 4

    def _sum(self, m, terms, name):
        """Registered balanced tree of ceil(log2(terms)) levels."""
        level = 0
        while len(terms) > 1:
            level += 1
            pairs = [terms[i : i + 2] for i in range(0, len(terms), 2)]
            terms = [Signal(self._acc, name=f"{name}_{level}_{i}", reset_less=True) for i in range(len(pairs))]
            m.d.sync += [term.eq(sum(pair[1:], pair[0])) for term, pair in zip(terms, pairs, strict=True)]
        return terms[0]

    def elaborate(self, platform):
        m = Module()
        acc, depth = self._acc, self._depth
        mode = [delayed(m, self.ports, self._pad + depth + n, name=f"mode{n}") for n in range(4)]
        q = [[delayed(m, self.q[r][k], self._pad, name=f"q_{r}_{k}") for k in range(TAPS)] for r in range(self._rows)]

        def register(name, value):
            signal = Signal(acc, name=name, reset_less=True)
            m.d.sync += signal.eq(value)
            return signal

        def gated(condition, value):
            return Mux(condition, value, 0)

        # Cycles 1 .. depth: outer rows, per tap.
        t = [self._sum(m, [row[k] for r, row in enumerate(q) if r != 1], f"t_{k}") for k in range(TAPS)]
        if self._rows > 1:
            middle = [delayed(m, q[1][k], depth, name=f"m_{k}") for k in range(TAPS)]
        else:
            middle = [Signal(acc, name=f"m_{k}") for k in range(TAPS)]  # no row 1: zero
        # Cycle depth+1: pairs of taps. Adders keep the plain operand first: it drives the carry chain.
        taps = mode[0] == Ports.TAPS
        a = register("a", middle[0] + Mux(taps, t[0], middle[2]))
        b = register("b", t[2] + Mux(taps, middle[2], t[0]))
        t_1, m_1 = register("t_1", t[1]), register("m_1", middle[1])
        # Cycle depth+2: rows.
        whole = (mode[1] == Ports.TOTAL) | (mode[1] == Ports.MIXED)
        outer = register("outer", t_1 + gated(whole, b))
        inner = register("inner", m_1 + gated(whole, a))
        a_q, b_q = register("a_q", a), register("b_q", b)
        # Cycle depth+3: all.
        both = (mode[2] == Ports.TOTAL) | (mode[2] == Ports.TAPS)
        ports = [
            register("total", inner + gated(both, outer)),
            register("a_q2", a_q),
            register("outer_q", outer),
            register("b_q2", b_q),
        ]
        # Cycle depth+4: partial sums.
        tap = {port: k for k, port in enumerate(TAP_PORTS)}
        for p, own in enumerate(ports):
            value = Mux(mode[3] == Ports.TOTAL, ports[0], own)
            unseen = 0
            if p in tap:
                value = Mux(mode[3] == Ports.GRADIENT, self.gradient[tap[p]], value)
                unseen = (mode[3] == Ports.GRADIENT) & self.gradient_overflow[tap[p]]
            total = Signal(acc, name=f"ps_{p}")
            m.d.comb += total.eq(self.ps_i[p] + value)
            m.d.sync += [self.ps_o[p].eq(total), self.overflow[p].eq(overflows(total, self.ps_i[p], value) | unseen)]
        return m
