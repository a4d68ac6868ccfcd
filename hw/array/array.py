"""The PE array of the main machine, with its systolic edges."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS, ArrayConfig, MacForm
from hw.arch.array.control import PORTS, ArrayControl
from hw.arith.decoder import Decoder
from hw.lib.delay import delayed
from hw.lib.shared import shared
from hw.mac.cell import operand_shape

from .cluster import Cluster
from .columns import ColumnControl
from .layouts import packed
from .pe import Pe

__all__ = ["Array"]


class Array(wiring.Component):
    """`clusters` x `wpus` x `rows` x `channels` PEs of three MACs, codes in, partial sums in and out.

    All codes and the control word of one cycle belong together; skew and decoding are inside. Lanes are shared by
    the clusters, cluster m runs m cycles behind cluster 0: so are its ports.

    Latency: with a word in cycle t, the results of a slot (`valid` in the word) are on `ps_o[m]` in cycle
    t + :attr:`latency` + m, with `valid[m]`; the partial sums they start from are taken from `ps_i[m]` one cycle
    before. `channels * wpus * rows * clusters * 3` products a cycle, no stall.

    Parameters
    ----------
    config : ArrayConfig
        Sizes and arithmetic.

    Members
    -------
    control : In(ArrayControl)
    x : In(k), [wpus][rows][channels][3]: lanes, zero where nothing is to be multiplied.
    w : In(k), [clusters][rows][3]: weights, one column a cycle while they are loaded.
    e : In(k), [clusters][3][wpus]: errors, in the output-stationary mode.
    ps_i, ps_o : In, Out(signed(acc_bits)), [clusters][wpus][4]
    overflow : Out(4), [clusters][wpus]
        Of the `ps_o` of the same cycle: bit p is set where the addition of `ps_i` and, in the mode GRADIENT, one of the
        additions across WPUs left acc_bits. It means nothing for ports that the mode does not use, in GRADIENT for
        WPUs without a row in the beat, and without `valid`. Sums inside the MACs are not watched.
    valid : Out(clusters)

    Source: ETA, Section IV-B and Fig. 8; architecture.md Sections 2 to 4.
    """

    def __init__(self, *, config: ArrayConfig):
        self._config = config
        code, acc = unsigned(config.pint.k), signed(config.acc_bits)
        self.latency = self.latency_of(config)
        super().__init__(
            {
                "control": In(ArrayControl),
                "x": In(packed(code, config.wpus, config.rows, config.channels, TAPS)),
                "w": In(packed(code, config.clusters, config.rows, TAPS)),
                "e": In(packed(code, config.clusters, TAPS, config.wpus)),
                "ps_i": In(packed(acc, config.clusters, config.wpus, PORTS)),
                "ps_o": Out(packed(acc, config.clusters, config.wpus, PORTS)),
                "overflow": Out(packed(PORTS, config.clusters, config.wpus)),
                "valid": Out(config.clusters),
            }
        )

    @staticmethod
    def _chain_latency(config: ArrayConfig) -> int:
        """Cycles from a slot to the end of its chains in cluster 0: edge (2), columns, PE."""
        return 2 + (config.channels - 1) + Pe.LATENCY

    @staticmethod
    def latency_of(config: ArrayConfig) -> int:
        """Cycles from a word to the results of cluster 0."""
        return Array._chain_latency(config) + Cluster.sum_latency(config)

    def _decode(self, m, code, name):
        """The operand of a code, registered."""
        operand = Signal(operand_shape(self._config.mac, self._config.pint), name=name, reset_less=True)
        if self._config.mac == MacForm.SHIFT:
            m.d.sync += operand.eq(code)
        else:
            m.submodules[f"decode_{name}"] = decoder = shared(f"decode_{name}", Decoder, pint=self._config.pint)
            m.d.comb += decoder.code.eq(code)
            m.d.sync += operand.eq(decoder.value)
        return operand

    def _lanes(self, m):
        """Lanes of cluster 0: column c delayed by c cycles, decoded; 2+c cycles after the port."""
        config = self._config
        operand = operand_shape(config.mac, config.pint)
        lanes = Signal(packed(operand, config.wpus, config.rows, config.channels, TAPS))
        for c in range(config.channels):
            column = Signal(packed(unsigned(config.pint.k), config.wpus, config.rows, TAPS), name=f"column_{c}")
            for w in range(config.wpus):
                for r in range(config.rows):
                    m.d.comb += column[w][r].eq(self.x[w][r][c])
            skewed = delayed(m, column, c + 1, name=f"column_{c}")
            for w in range(config.wpus):
                for r in range(config.rows):
                    for k in range(TAPS):
                        m.d.comb += lanes[w][r][c][k].eq(self._decode(m, skewed[w][r][k], f"x_{w}_{r}_{c}_{k}"))
        return lanes

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.columns = columns = shared("columns", ColumnControl, channels=config.channels)
        m.d.comb += columns.word.eq(self.control)
        lanes, control = self._lanes(m), columns.control
        head = delayed(m, self.control.head, 1, name="head")
        ports = delayed(m, self.control.ports, self._chain_latency(config), name="ports")
        beat = delayed(m, self.control.beat, self._chain_latency(config), name="beat")
        valid = delayed(m, self.control.valid, self.latency, name="valid", reset_less=False)
        for i in range(config.clusters):
            m.submodules[f"cluster_{i}"] = cluster = shared(f"cluster_{i}", Cluster, config=config)
            # Weights and errors of cluster i: i cycles behind those of cluster 0, then decoded.
            w = delayed(m, self.w[i], i, name=f"w_{i}")
            e = delayed(m, self.e[i], i, name=f"e_{i}")
            for k in range(TAPS):
                for r in range(config.rows):
                    m.d.comb += cluster.w[r][k].eq(self._decode(m, w[r][k], f"w_{i}_{r}_{k}"))
                for v in range(config.wpus):
                    m.d.comb += cluster.e[k][v].eq(self._decode(m, e[k][v], f"e_{i}_{k}_{v}"))
            m.d.comb += [
                cluster.x.eq(lanes),
                cluster.control.eq(control),
                cluster.head.eq(head),
                cluster.ports.eq(ports),
                cluster.beat.eq(beat),
                cluster.ps_i.eq(self.ps_i[i]),
                self.ps_o[i].eq(cluster.ps_o),
                self.overflow[i].eq(cluster.overflow),
                self.valid[i].eq(valid),
            ]
            # The next cluster is one cycle behind.
            if i + 1 < config.clusters:
                lanes, control, head, ports, beat = (
                    delayed(m, signal, 1, name=f"{name}_{i + 1}")
                    for name, signal in {
                        "lanes": lanes,
                        "control": control,
                        "head": head,
                        "ports": ports,
                        "beat": beat,
                    }.items()
                )
                valid = delayed(m, valid, 1, name=f"valid_{i + 1}", reset_less=False)
        return m
