"""Folds the results of the array into a signature."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import PORTS, Ports
from hw.arch.bringup import POLYNOMIAL, PORT_ROTATION, SIGNATURE_START, USED_PORTS
from hw.array.array import Array
from hw.array.layouts import packed
from hw.lib.delay import delayed

__all__ = ["Signature"]


class Signature(wiring.Component):
    """A signature register over all ports of the array that carry a result.

    F = XOR of the ports i = (m * wpus + w) * 4 + p, each rotated left by 7 * i; for each valid word
    S = ((S << 1) mod 2^32) ^ (S[31] ? 04C11DB7h : 0) ^ F[31:0] ^ (F >> 32).

    The fold runs along the clusters as their results do, one cluster a cycle; per cluster it costs five LUTs and
    registers a bit. Latency: a word's results are in the signature :attr:`latency` cycles after the word. A word a
    cycle, no stall.

    Parameters
    ----------
    config : ArrayConfig
        Sizes and arithmetic.

    Members
    -------
    ports, beat, valid : In(Ports), In(4), In(1)
        Of the control word, as the array takes it.
    ps_o : In(signed(acc_bits)), [clusters][wpus][4]
        The array's.
    clear : In(1)
        Starts over.
    value : Out(32)
        S.

    Source: a multiple-input signature register with the polynomial of CRC-32; :mod:`hw.arch.bringup`.
    """

    def __init__(self, *, config: ArrayConfig):
        self._config = config
        self.latency = self.latency_of(config)
        super().__init__(
            {
                "ports": In(Ports),
                "beat": In(4),
                "valid": In(1),
                "ps_o": In(packed(signed(config.acc_bits), config.clusters, config.wpus, PORTS)),
                "clear": In(1),
                "value": Out(32, init=SIGNATURE_START),
            }
        )

    @staticmethod
    def latency_of(config: ArrayConfig) -> int:
        """Cycles from a control word to the signature: the array, all its clusters, three of the fold."""
        return Array.latency_of(config) + (config.clusters - 1) + 3

    def _used(self, m):
        """Ports that carry a result of this word, [w][port]."""
        config = self._config
        used = Signal(packed(PORTS, config.wpus))
        with m.Switch(self.ports):
            for mode, ports in USED_PORTS.items():
                mask = sum(1 << port for port in ports)
                with m.Case(mode):
                    for w in range(config.wpus):
                        rows = len(range(w, config.rows, config.wpus))
                        present = self.beat < rows if mode == Ports.GRADIENT else 1
                        m.d.comb += used[w].eq(Mux(present, mask, 0))
        return used

    def elaborate(self, platform):
        m = Module()
        config, acc_bits = self._config, self._config.acc_bits
        used = delayed(m, self._used(m), Array.latency_of(config), name="used")
        chain = 0
        for i in range(config.clusters):
            # Cycle 1: each port over the WPUs.
            parts = []
            for p in range(PORTS):
                part = Signal(acc_bits, name=f"part_{i}_{p}", reset_less=True)
                terms = 0
                for w in range(config.wpus):
                    port = self.ps_o[i][w][p].as_unsigned()
                    rotated = port.rotate_left(PORT_ROTATION * ((i * config.wpus + w) * PORTS + p) % acc_bits)
                    terms = terms ^ Mux(used[w][p], rotated, 0)
                m.d.sync += part.eq(terms)
                parts.append(part)
            # Cycle 2: the ports, and the clusters before, whose results came a cycle earlier.
            folded = Signal(acc_bits, name=f"folded_{i}", reset_less=True)
            m.d.sync += folded.eq(chain ^ parts[0] ^ parts[1] ^ parts[2] ^ parts[3])
            chain = folded
            if i + 1 < config.clusters:
                used = delayed(m, used, 1, name=f"used_{i + 1}")
        # Cycle 3: the signature.
        valid = delayed(m, self.valid, self.latency - 1, name="valid", reset_less=False)
        shifted = Cat(0, self.value[:31])
        with m.If(self.clear):
            m.d.sync += self.value.eq(SIGNATURE_START)
        with m.Elif(valid):
            feedback = Mux(self.value[31], POLYNOMIAL, 0)
            m.d.sync += self.value.eq(shifted ^ feedback ^ chain[:32] ^ chain[32:])
        return m
