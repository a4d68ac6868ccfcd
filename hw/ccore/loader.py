"""The loader: reads the weights of a pass while the pass before it runs."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig, Shuffle

__all__ = ["WeightLoader"]


class WeightLoader(wiring.Component):
    """Addresses of the `channels` columns of a pass's weights, the last column first, one a cycle.

    With `go`, the first column comes in the next cycle. Direct: addresses and turns fall by one. Transposed:
    the turn falls by one, and the address by `pitch` each time it passes zero. `ends` is high where all columns but at
    most one have been read, this cycle's included: the pass may start in the next cycle.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    go : In(1)
    address, pitch, turn, transposed, shuffle : In
        Of the last column, with `go`.
    free : Out(1)
        `go` may be given.
    ends : Out(1)
    first, last, active : Out(1)
    read_address, read_turn, read_transposed, read_shuffle : Out
        Of the column that is read in this cycle.

    Source: architecture.md Section 2 (weight load).
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        address, turn = range(1 << config.weight_address_bits), range(max(config.array.clusters, 2))
        super().__init__(
            {
                "go": In(1),
                "address": In(address),
                "pitch": In(address),
                "turn": In(turn),
                "transposed": In(1),
                "shuffle": In(Shuffle),
                "free": Out(1),
                "ends": Out(1),
                "first": Out(1),
                "last": Out(1),
                "active": Out(1),
                "read_address": Out(address),
                "read_turn": Out(turn),
                "read_transposed": Out(1),
                "read_shuffle": Out(Shuffle),
            }
        )

    def elaborate(self, platform):
        m = Module()
        channels, clusters = self._config.array.channels, self._config.array.clusters
        left = Signal(range(channels + 1))
        pitch = Signal.like(self.pitch, reset_less=True)
        passes = self.read_turn == 0
        m.d.comb += [
            self.active.eq(left != 0),
            self.first.eq(left == channels),
            self.last.eq(left == 1),
            self.free.eq(left <= 1),
            self.ends.eq(left <= 2),
        ]
        with m.If(self.active):
            m.d.sync += [
                left.eq(left - 1),
                self.read_turn.eq(Mux(passes, clusters - 1, self.read_turn - 1)),
                self.read_address.eq(self.read_address - Mux(self.read_transposed, Mux(passes, pitch, 0), 1)),
            ]
        with m.If(self.go):
            m.d.sync += [
                left.eq(channels),
                self.read_address.eq(self.address),
                self.read_turn.eq(self.turn),
                pitch.eq(self.pitch),
                self.read_transposed.eq(self.transposed),
                self.read_shuffle.eq(self.shuffle),
            ]
        return m
