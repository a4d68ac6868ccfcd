"""The PE cluster: the window processing units of one output channel."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.cell import CellControl
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS, Head, Ports
from hw.lib.shared import shared
from hw.mac.cell import operand_shape

from .gradient import GradientSum
from .layouts import packed
from .pe import Pe
from .tree import SumTree
from .wpu import Wpu

__all__ = ["Cluster"]


class Cluster(wiring.Component):
    """WPUs that share the weights of one output channel, their B heads and their cross-WPU sums.

    The head of chain (w, r, k) takes W(r, k), E(0, w) or E(k, w) as `head` says.

    Latency: that of the WPU, in every mode; the cross-WPU sums run beside the trees (:meth:`sum_latency`).

    Parameters
    ----------
    config : ArrayConfig
        Sizes and arithmetic; `clusters` is not used.

    Members
    -------
    x : In(operand), [wpus][rows][channels][3]
    w : In(operand), [rows][3]
    e : In(operand), [3][wpus]
    head : In(Head), aligned with `w` and `e`
    control : In(CellControl), [channels]
    ports, beat : In(Ports), In(4), aligned with the chains' ends
    ps_i, ps_o : In, Out(signed(acc_bits)), [wpus][4]
    overflow : Out(4), [wpus], see :class:`hw.array.tree.SumTree`

    Source: ETA, Section IV-B.3 and Fig. 8; architecture.md Section 4.
    """

    def __init__(self, *, config: ArrayConfig):
        self._config = config
        self.latency = config.channels - 1 + Pe.LATENCY + self.sum_latency(config)
        operand, acc = operand_shape(config.mac, config.pint), signed(config.acc_bits)
        super().__init__(
            {
                "x": In(packed(operand, config.wpus, config.rows, config.channels, TAPS)),
                "w": In(packed(operand, config.rows, TAPS)),
                "e": In(packed(operand, TAPS, config.wpus)),
                "head": In(Head),
                "control": In(packed(CellControl, config.channels)),
                "ports": In(Ports),
                "beat": In(4),
                "ps_i": In(packed(acc, config.wpus, PORTS)),
                "ps_o": Out(packed(acc, config.wpus, PORTS)),
                "overflow": Out(packed(PORTS, config.wpus)),
            }
        )

    @staticmethod
    def sum_latency(config: ArrayConfig) -> int:
        """Cycles from the chains' ends to `ps_o`: the tree and the gradients meet at the partial-sum adders."""
        return max(SumTree.base_latency(config.rows), GradientSum.levels(config.wpus) + 1)

    @staticmethod
    def wpu_parameters(config: ArrayConfig) -> dict:
        """Parameters of the WPUs of a configuration."""
        return {
            "rows": config.rows,
            "channels": config.channels,
            "pint": config.pint,
            "form": config.mac,
            "acc_bits": config.acc_bits,
            "min_latency": Cluster.sum_latency(config),
        }

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.gradient = gradient = shared(
            "gradient",
            GradientSum,
            wpus=config.wpus,
            rows=config.rows,
            acc_bits=config.acc_bits,
            min_latency=self.sum_latency(config) - 1,
        )
        m.d.comb += gradient.beat.eq(self.beat)
        for w in range(config.wpus):
            m.submodules[f"wpu_{w}"] = wpu = shared(f"wpu_{w}", Wpu, **self.wpu_parameters(config))
            m.d.comb += [
                wpu.x.eq(self.x[w]),
                wpu.control.eq(self.control),
                wpu.ports.eq(self.ports),
                wpu.ps_i.eq(self.ps_i[w]),
                wpu.gradient.eq(gradient.sum[w]),
                wpu.gradient_overflow.eq(gradient.overflow[w]),
                self.ps_o[w].eq(wpu.ps_o),
                self.overflow[w].eq(wpu.overflow),
                gradient.q[w].eq(wpu.q),
            ]
            for k in range(TAPS):
                error = Signal.like(self.e[0][0], name=f"error_{w}_{k}")
                m.d.comb += error.eq(self.e[0][w])
                with m.If(self.head == Head.ERROR_TAP):
                    m.d.comb += error.eq(self.e[k][w])
                for r in range(config.rows):
                    with m.If(self.head == Head.WEIGHT):
                        m.d.comb += wpu.b[r][k].eq(self.w[r][k])
                    with m.Else():
                        m.d.comb += wpu.b[r][k].eq(error)
        return m
