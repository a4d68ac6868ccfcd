"""Passes laid out in time: control word, codes and result addresses of every cycle of the array."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS, Op, Ports

from .passes import NOWHERE, GradientPass, StationaryPass

__all__ = ["CONTROL_FIELDS", "Program"]

#: Fields of :class:`hw.arch.array.control.ArrayControl`.
CONTROL_FIELDS = ("op", "head", "load_first", "load_last", "swap", "drain_first", "drain", "ports", "beat", "valid")


@dataclass
class Program:
    """Stimulus of the array, cycle by cycle, for a run of passes.

    A pass may follow another of any kind without a bubble: weights load behind the pass before, and the drain of a
    gradient pass overlaps the start of the next pass.

    Parameters
    ----------
    config : ArrayConfig
    passes : list of StationaryPass or GradientPass
    rng : numpy.random.Generator or None
        If given, codes that nobody looks at are random instead of zero, and weights load at a random time within
        what is allowed, instead of as early as possible.
    gaps : sequence of int
        Idle cycles behind each pass; without it none.

    Attributes
    ----------
    starts : list of int
        Cycle of the first slot of each pass; `end` is that of whatever follows.
    control : dict of arrays [cycle], by field
    x, w, e : codes, [cycle][w][r][c][k], [cycle][m][r][k], [cycle][m][k][w]
    address : [cycle][m][w][port], flat result index of the word of each cycle, -1 where none.
    """

    config: ArrayConfig
    passes: list
    rng: np.random.Generator | None = None
    gaps: Sequence[int] = ()
    starts: list[int] = field(init=False)
    end: int = field(init=False)

    def __post_init__(self):
        config = self.config
        # The first weights take channels cycles, the last word in the cycle of the first slot.
        start = config.channels - 1 if isinstance(self.passes[0], StationaryPass) else 0
        self.starts = []
        for n, each in enumerate(self.passes):
            self.starts.append(start)
            following = self.passes[n + 1] if n + 1 < len(self.passes) else None
            # Only weights that load behind the pass need it to be `channels` cycles long.
            short = isinstance(each, StationaryPass) and isinstance(following, GradientPass)
            start += (len(each) if short else each.length(config)) + (self.gaps[n] if self.gaps else 0)
        self.end = start
        cycles = self.end
        self.control = {name: np.zeros(cycles, dtype=np.uint8) for name in CONTROL_FIELDS}
        self.x = self._idle((cycles, config.wpus, config.rows, config.channels, TAPS))
        self.w = self._idle((cycles, config.clusters, config.rows, TAPS))
        self.e = self._idle((cycles, config.clusters, TAPS, config.wpus))
        self.address = np.full((cycles, config.clusters, config.wpus, PORTS), NOWHERE)
        free = 0  # first cycle in which the B registers may take a word
        for start, each in zip(self.starts, self.passes, strict=True):
            place = self._stationary if isinstance(each, StationaryPass) else self._gradient
            free = place(start, each, free)

    def _idle(self, shape) -> np.ndarray:
        """Codes for cycles in which nobody looks at them."""
        if self.rng is None:
            return np.zeros(shape, np.uint16)
        return self.rng.integers(0, 1 << self.config.pint.k, shape, np.uint16)

    def _set(self, name, where, value):
        self.control[name][where] = value

    def _stationary(self, start, each, free) -> int:
        channels = self.config.channels
        first = free if self.rng is None else int(self.rng.integers(free, start - channels + 1, endpoint=True))
        slots = slice(start, start + len(each))
        self.w[first : first + channels] = each.w[::-1]
        self._set("load_first", first, 1)
        self._set("load_last", first + channels - 1, 1)
        self._set("swap", start, 1)
        self._set("op", slots, Op.CASCADE.value)
        self._set("valid", slots, 1)
        self._set("ports", slots, each.ports.value)
        self.x[slots] = each.x
        self.address[slots] = each.address
        return start + 1

    def _gradient(self, start, each, free) -> int:
        channels, beats = self.config.channels, self.config.beats
        last = self.first_result(start, each)
        slots = slice(start, last + 1)
        self._set("op", slots, Op.ACCUMULATE.value)
        self._set("op", start, Op.START.value)
        self._set("head", slots, each.head.value)
        self.x[slots], self.e[slots] = each.x, each.e
        drain = slice(last, last + channels * beats)
        self._set("valid", drain, 1)
        self._set("ports", drain, Ports.GRADIENT.value)
        self._set("beat", drain, np.arange(channels * beats) % beats)
        self.address[drain] = each.address
        if channels > 1:
            shifts = last + channels + np.arange(1, channels) * beats - 1
            self._grow(shifts[-1] + 1)
            self._set("drain", shifts, 1)
            self._set("drain_first", shifts[0], 1)
        return last + 1

    @staticmethod
    def first_result(start: int, each) -> int:
        """Cycle of the word whose results are the first of a pass that starts in cycle `start`."""
        return start if isinstance(each, StationaryPass) else start + len(each) - 1

    def _grow(self, cycles: int):
        """Append idle cycles, for a drain that ends after the last pass."""
        more = cycles - len(self.x)
        if more > 0:
            for name in ("x", "w", "e"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, self._idle((more, *array.shape[1:]))]))
            self.address = np.concatenate([self.address, np.full((more, *self.address.shape[1:]), NOWHERE)])
            self.control = {name: np.pad(values, (0, more)) for name, values in self.control.items()}

    def __len__(self):
        return len(self.x)
