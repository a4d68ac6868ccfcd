"""Phases of layers, run one behind the other on the generated array and compared with direct convolution."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hw.spec.config import ArrayConfig
from hw.spec.layer import Layer, Phase

from . import engine
from .golden import conv
from .golden.mapping import map_layer
from .golden.passes import moved
from .golden.pint import decode
from .golden.program import Program

__all__ = ["Composition", "Outcome", "Task", "compose", "run"]


@dataclass(frozen=True)
class Task:
    """A phase of a layer and the codes of its tensors x, w and e."""

    layer: Layer
    phase: Phase
    codes: Mapping[str, np.ndarray]

    def expected(self, config: ArrayConfig) -> np.ndarray:
        """Direct convolution of the decoded codes."""
        pint = config.pint
        decoded = {name: decode(codes, pint.k, pint.d) for name, codes in self.codes.items()}
        return conv.results(self.layer, self.phase, **decoded, acc_bits=config.acc_bits)


@dataclass(frozen=True)
class Composition:
    """Tasks as one program of the array, without a bubble between them.

    program : all passes, laid out in time.
    mapped : the passes of each task.
    bases : flat address of the first result of each task, and the number of all results.
    """

    program: Program
    mapped: list[list]
    bases: list[int]


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    result : int64, what the Verilog gave, of the shape `layer.result_shape(phase)`.
    exact : whether it equals direct convolution of the decoded codes in every bit.
    passes : passes of the array that it took.
    cycles : measured: from the last result of the task before to its own last result at the ports of cluster 0; for the
        first task from the cycle before its first result could come.
    """

    result: np.ndarray
    exact: bool
    passes: int
    cycles: int


def compose(tasks: Sequence[Task], config: ArrayConfig, seed: int = 1) -> Composition:
    """Lay tasks out one behind the other; `seed` is as for :func:`run`."""
    mapped = [map_layer(task.layer, task.phase, config, **task.codes) for task in tasks]
    sizes = (math.prod(task.layer.result_shape(task.phase)) for task in tasks)
    bases = list(itertools.accumulate(sizes, initial=0))
    passes = [moved(each, base) for some, base in zip(mapped, bases, strict=False) for each in some]
    return Composition(Program(config, passes, np.random.default_rng(seed)), mapped, bases)


def run(
    tasks: Sequence[Task],
    config: ArrayConfig,
    seed: int = 1,
    progress: Callable[[int | None, int], None] = lambda cycle, cycles: None,
) -> list[Outcome]:
    """Run tasks on the generated array, without a bubble between them.

    Parameters
    ----------
    tasks : sequence of Task
    config : ArrayConfig
    seed : int
        Seed of the codes that nobody looks at and of the times at which weights load.
    progress : callable
        Called twice a second from another thread with the cycle, None while the simulator is built, and all cycles.

    Raises
    ------
    sim.runner.SimulationError
        If a port of the array differs from its golden model in any cycle.
    """
    composition = compose(tasks, config, seed)
    program, mapped, bases = composition.program, composition.mapped, composition.bases
    ran = engine.execute(program, bases[-1], seed, progress=lambda cycle: progress(cycle, len(program)))

    # Every slot of a stationary pass and every beat of a drain gives results once, in the order of the passes.
    counts = [sum(len(each.address) for each in some) for some in mapped]
    last = ran.valid_cycles[np.cumsum(counts) - 1]
    cycles = np.diff(last, prepend=program.starts[0] + ran.latency - 1)
    return [
        _outcome(task, ran.memory[start:stop], config, len(some), int(taken))
        for task, start, stop, some, taken in zip(tasks, bases[:-1], bases[1:], mapped, cycles, strict=True)
    ]


def _outcome(task: Task, result, config: ArrayConfig, passes: int, cycles: int) -> Outcome:
    expected = task.expected(config)
    result = result.reshape(expected.shape)
    return Outcome(result, np.array_equal(result, expected), passes, cycles)
