"""The weight buffer: weights that are read by output or by input channel, and errors of weight gradients."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.weights import weight_read, weight_write
from hw.array.layouts import packed
from hw.lib.delay import delayed
from hw.lib.memory.bank import Bank
from hw.lib.multiplex import gray_digits, rotated
from hw.lib.shared import shared

from .shuffle import WeightShuffle

__all__ = ["WeightBuffer"]


class WeightBuffer(wiring.Component):
    """Banks of codes [tap_rows][3][clusters], and the two-level network from them to the array.

    A tap group (row, column) has one sub-bank for each of the M clusters. A write puts channel j of a block into
    sub-bank (j + turn) mod M of one tap group. Written with turn = i for input channel i at address A + i, a block
    lies diagonally: the weight of output channel o and input channel i in sub-bank (o + i) mod M. A read::

        code(row, column, s) = bank(row, column, s)[address + (transposed ? (s - turn) mod M : 0)]
        lane(row, column, m) = code(row, column, (m + turn) mod M)

    gives the M outputs of input i with turn = i and address A + i, and the M inputs of output o, transposed, with
    turn = o and address A. The second level then takes tap groups as in :class:`WeightShuffle`.

    Latency: `w` and `e` come :attr:`LATENCY` cycles after `read`. A read and a write a cycle, no stall. A read
    sees the writes of the cycles before; with a write to the same code in its own cycle, it gives the old one.

    Parameters
    ----------
    config : CCoreConfig
        Sizes.

    Members
    -------
    write : In(weight_write(config))
    read : In(weight_read(config))
    w : Out(k), [clusters][rows][3]
        Weights of chains (r, k); needs column 0.
    e : Out(k), [clusters][3][wpus]
        Errors of WPUs; needs the shuffle DIRECT and turn 0.

    Source: ETA, Section IV-C.2 (two-level network of the weight buffer); architecture.md Sections 3 and 5.
    """

    LATENCY = 3 + WeightShuffle.LATENCY

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array, code = config.array, unsigned(config.array.pint.k)
        super().__init__(
            {
                "write": In(weight_write(config)),
                "read": In(weight_read(config)),
                "w": Out(packed(code, array.clusters, array.rows, TAPS)),
                "e": Out(packed(code, array.clusters, TAPS, array.wpus)),
            }
        )

    def _write(self, m):
        """Cycle 1 of a write: its enable [row][column], address, and data of each sub-bank."""
        write, clusters = self.write, self._config.array.clusters
        channels = [write.data[j] for j in range(clusters)]
        enables = []
        for row in range(self._config.tap_rows):
            enables.append([Signal(name=f"write_{row}_{column}") for column in range(TAPS)])
            for column, enable in enumerate(enables[row]):
                m.d.sync += enable.eq(write.enable & (write.row == row) & (write.column == column))
        turned = [
            delayed(m, lane, 1, name=f"write_data_{s}")
            for s, lane in enumerate(rotated(m, channels, write.turn, gray_digits(write.turn), name="write", step=-1))
        ]
        return enables, delayed(m, write.address, 1, name="write_address"), turned

    def _addresses(self, m):
        """Cycle 1 of a read: the address of each sub-bank."""
        read, clusters = self.read, self._config.array.clusters
        addresses = []
        for s in range(clusters):
            offset = Signal(range(max(clusters, 2)), name=f"offset_{s}")
            address = Signal.like(read.address, name=f"address_{s}", reset_less=True)
            with m.Switch(read.turn):
                for turn in range(clusters):
                    with m.Case(turn):
                        m.d.comb += offset.eq((s - turn) % clusters)
            # Cut: an address beyond the last one is never asked for.
            m.d.sync += address.eq(read.address + Mux(read.transposed, offset, 0))
            addresses.append(address)
        return addresses

    def elaborate(self, platform):
        m = Module()
        config, code = self._config, unsigned(self._config.array.pint.k)
        m.submodules.network = network = shared("network", WeightShuffle, config=config.array, rows=config.tap_rows)

        # Cycle 1: addresses and writes.
        enables, write_address, write_data = self._write(m)
        addresses = self._addresses(m)

        for row in range(config.tap_rows):
            for column in range(TAPS):
                for s in range(config.array.clusters):
                    name = f"bank_{row}_{column}_{s}"
                    # Cycle 2: memory.
                    m.submodules[name] = bank = shared(name, Bank, depth=config.weight_depth, shape=code)
                    m.d.comb += [
                        bank.write.eq(enables[row][column]),
                        bank.write_address.eq(write_address),
                        bank.write_data.eq(write_data[s]),
                        bank.read.eq(1),
                        bank.read_address.eq(addresses[s]),
                    ]
                    # Cycle 3: output register of the memory.
                    m.d.comb += network.code[row][column][s].eq(delayed(m, bank.read_data, 1, name=name))

        # Cycles 4 and 5: rotation and shuffle.
        for name in ("turn", "shuffle", "column"):
            m.d.comb += getattr(network, name).eq(delayed(m, getattr(self.read, name), 2, name=name))
        m.d.comb += [self.w.eq(network.w), self.e.eq(network.e)]
        return m
