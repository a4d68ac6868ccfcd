"""Pseudo-random operands for every input of the array, from one random unit."""

from amaranth.hdl import Cat, Module, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS
from hw.arch.bringup import KEY, LANE_ROTATION, lane_counts, stream_words
from hw.arch.hash import NOISE_ROUNDS
from hw.arith.hash32 import Hash32
from hw.array.layouts import packed
from hw.lib.delay import delayed

__all__ = ["Stimulus"]


class Stimulus(wiring.Component):
    """Codes and partial sums of one cycle, a function of key, cycle and position alone.

    Bit b of lane i in cycle t = H(t + i div 32, KEY, 8)[(b - 11 * i) mod 32].

    One word of H a cycle enters a history of as many words as the lanes of a cycle take; lanes are wires from it.
    Latency: the lanes of cycle t come :attr:`latency` cycles after index t. One cycle's lanes a cycle, no stall.

    Parameters
    ----------
    config : ArrayConfig
        Sizes and arithmetic.

    Members
    -------
    index : In(32)
        Cycle number; it counts up by one a cycle.
    x, w, e, ps_i : Out
        As the array takes them.

    Source: numerics.md Section 2 (H); the lanes: :mod:`hw.arch.bringup`.
    """

    def __init__(self, *, config: ArrayConfig):
        self._config = config
        self._words = stream_words(config)
        self.latency = self.latency_of(config)
        code = unsigned(config.pint.k)
        super().__init__(
            {
                "index": In(32),
                "x": Out(packed(code, config.wpus, config.rows, config.channels, TAPS)),
                "w": Out(packed(code, config.clusters, config.rows, TAPS)),
                "e": Out(packed(code, config.clusters, TAPS, config.wpus)),
                "ps_i": Out(packed(signed(config.acc_bits), config.clusters, config.wpus, PORTS)),
            }
        )

    @staticmethod
    def latency_of(config: ArrayConfig) -> int:
        """Cycles from an index to its lanes: the random unit, and the words that come behind in the stream."""
        return NOISE_ROUNDS + stream_words(config) - 1

    def elaborate(self, platform):
        m = Module()
        m.submodules.hash = stream = Hash32(rounds=NOISE_ROUNDS)
        m.d.comb += [
            stream.key.eq(KEY),
            stream.i.payload.eq(self.index),
            stream.i.valid.eq(1),
            stream.o.ready.eq(1),
        ]
        # The newest word is the last that the lanes of a cycle take.
        words = [stream.o.payload]
        for n in range(1, self._words):
            words.insert(0, delayed(m, words[0], 1, name=f"word_{self._words - n}"))
        number = 0
        for name, count in lane_counts(self._config).items():
            width = self._config.acc_bits if name == "ps_i" else self._config.pint.k
            lanes = []
            for i in range(number, number + count):
                word = words[i // 32].rotate_left(LANE_ROTATION * i % 32)
                lanes.append(Cat(word, word)[:width])
            m.d.comb += Value.cast(getattr(self, name)).eq(Cat(lanes))
            number += count
        return m
