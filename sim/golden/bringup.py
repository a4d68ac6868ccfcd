"""Golden model of the bring-up test: its control words and its signature."""

from dataclasses import dataclass, field

import numpy as np

from hw.arch import bringup
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS, ArrayControl, Ports
from hw.arch.hash import NOISE_ROUNDS

from .array import array
from .array.passes import NOWHERE, GradientPass, StationaryPass, carries
from .array.program import CONTROL_FIELDS, Program
from .conv import wrap
from .random import hash32

__all__ = ["BringUp", "lanes"]


def lanes(config: ArrayConfig, first: int, cycles: int) -> dict[str, np.ndarray]:
    """What the array's inputs carry from cycle `first` on, by the formula of :mod:`hw.arch.bringup`, [cycle][lane]."""
    words = hash32(first + np.arange(cycles + bringup.stream_words(config) - 1), bringup.KEY, NOISE_ROUNDS)
    values, begin = {}, 0
    for name, count in bringup.lane_counts(config).items():
        number = np.arange(begin, begin + count)
        taken = _rotate(words[np.arange(cycles)[:, None] + number // 32], bringup.LANE_ROTATION * number, 32)
        if name == "ps_i":
            values[name] = wrap(taken | taken << 32, config.acc_bits)
        else:
            values[name] = taken & ((1 << config.pint.k) - 1)
        begin += count
    return values


def _rotate(words, amount, width: int) -> np.ndarray:
    """`words` of `width` bits rotated left."""
    amount = amount % width
    return (words << amount | words >> (width - amount)) & ((1 << width) - 1)


@dataclass
class BringUp:
    """The bring-up test of an array.

    Parameters
    ----------
    config : ArrayConfig
    latency : int
        Cycles from a control word to the results of cluster 0.
    rounds : int
        How often the passes run, each time on other operands.

    Attributes
    ----------
    words : tuple of int
        Control words of one round.
    signature : int
        32 bits, as :mod:`hw.arch.bringup` defines it.
    """

    config: ArrayConfig
    latency: int
    rounds: int
    words: tuple[int, ...] = field(init=False)
    signature: int = field(init=False)

    def __post_init__(self):
        # The control does not depend on the operands.
        program = Program(self.config, [self._passes(None, kind, slots) for kind, slots in bringup.PASSES])
        layout = ArrayControl
        columns = (program.control[name].astype(np.int64) << layout[name].offset for name in CONTROL_FIELDS)
        self.words = tuple(int(word) for word in np.bitwise_or.reduce(list(columns)))
        self.signature = bringup.SIGNATURE_START
        for number in range(self.rounds):
            for folded in self._round(program, number * len(program)):
                self.signature = self._step(self.signature, folded)

    def _passes(self, operands, kind, slots: int, start: int = 0, load: int = 0):
        """A pass with its slots from cycle `start` and its weights from cycle `load` on; zeros without operands."""
        config = self.config
        stationary = isinstance(kind, Ports)
        results = slots if stationary else config.channels * config.beats

        def taken(name, first, count, *sizes):
            if operands is None:
                return np.zeros((count, *sizes), np.int64)
            return operands[name][first : first + count].reshape(count, *sizes)

        x = taken("x", start, slots, config.wpus, config.rows, config.channels, TAPS)
        mode = kind if stationary else Ports.GRADIENT
        used = carries(config, mode, results, bringup.USED_PORTS[mode])
        address = np.where(used, np.arange(used.size).reshape(used.shape), NOWHERE)
        if stationary:
            # Words come in the order c = channels-1 .. 0.
            w = taken("w", load, config.channels, config.clusters, config.rows, TAPS)[::-1]
            return StationaryPass(x=x, w=w, ports=kind, address=address)
        e = taken("e", start, slots, config.clusters, TAPS, config.wpus)
        return GradientPass(x=x, e=e, head=kind, address=address)

    def _round(self, program: Program, base: int) -> list[int]:
        """Run one round whose first word is in cycle `base`; give the fold F of each valid word."""
        config = self.config
        operands = lanes(config, base, len(program) + self.latency + config.clusters)
        sums = operands["ps_i"].reshape(-1, config.clusters, config.wpus, PORTS)
        loads = iter(np.flatnonzero(program.control["load_first"]))
        folds: list[int] = []
        for start, (kind, slots) in zip(program.starts, bringup.PASSES, strict=True):
            load = int(next(loads)) if isinstance(kind, Ports) else 0
            each = self._passes(operands, kind, slots, start, load)
            # A result of cluster m takes its partial sum one cycle before it leaves.
            word = program.first_result(start, each) + np.arange(len(each.address))
            cycle = word[:, None] + self.latency + np.arange(config.clusters) - 1
            memory = sums[cycle, np.arange(config.clusters)].ravel()
            [values] = array.run([each], config, memory)
            folds += self._fold(np.where(each.address >= 0, values, 0))
        return folds

    def _fold(self, values: np.ndarray) -> list[int]:
        """F of each row of results."""
        bits = self.config.acc_bits
        flat = values.reshape(len(values), -1) & ((1 << bits) - 1)
        rotated = _rotate(flat, bringup.PORT_ROTATION * np.arange(flat.shape[1]), bits)
        return [int(word) for word in np.bitwise_xor.reduce(rotated, axis=1)]

    @staticmethod
    def _step(signature: int, folded: int) -> int:
        feedback = bringup.POLYNOMIAL if signature >> 31 else 0
        return (signature << 1 & 0xFFFFFFFF) ^ feedback ^ (folded & 0xFFFFFFFF) ^ folded >> 32
