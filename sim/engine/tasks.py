"""Phases of layers, run one behind the other out of the buffers of the generated C-Core."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gen.compiler.allocate import Placement, Request, allocate
from gen.compiler.timing import Ports
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from sim.golden import conv
from sim.golden.pint import decode

from . import ccore

__all__ = ["Outcome", "Task", "place", "run"]

#: The bench writes a word and a granule a cycle, whatever DRAM would say.
_PORTS = Ports(dram_gbps=1e6)


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
class Outcome:
    """Result and cycles of a task.

    result : int64, what the Verilog gave, of the shape `layer.result_shape(phase)`.
    exact : whether it equals direct convolution of the decoded codes in every bit.
    descriptors : how many it took.
    inputs_kept, weights_kept : descriptors whose operand lay in its buffer already.
    cycles : measured, from the last status of the task before to its own; of the first task, whose operands nothing
        hides, from what a descriptor that is there in time would have taken.
    formula : cycles of the passes (:meth:`gen.compiler.ccore.command.Command.cycles`).
    operands : cycles in which the array waited for a descriptor, or for what it reads.
    sums : cycles in which it waited for partial sums to drain: what is left of `cycles`.
    """

    result: np.ndarray
    exact: bool
    descriptors: int
    inputs_kept: int
    weights_kept: int
    cycles: int
    formula: int
    operands: int
    sums: int


def place(tasks: Sequence[Task], config: CCoreConfig) -> list[list[tuple[Placement, ccore.Job]]]:
    """The descriptors of each task and their jobs, as :func:`gen.compiler.allocate.allocate` places them.

    Tasks that hold the same array share a tensor.

    Raises
    ------
    ConfigError
        If a layer does not fit the buffers.
    """
    requests = [
        Request(task.layer, task.phase, {name: id(codes) for name, codes in task.codes.items()}) for task in tasks
    ]
    placed = allocate(requests, config, _PORTS)
    return [[(piece, _job(task, piece)) for piece in pieces] for task, pieces in zip(tasks, placed, strict=True)]


def _job(task: Task, piece: Placement) -> ccore.Job:
    """The job of a descriptor, with the codes of its part of the task's tensors."""
    codes = {name: task.codes[name][part] for name, part in piece.parts.items()}
    if "x" in codes:
        codes["x"] = codes["x"][:, :, :: piece.pixels, :: piece.pixels]
    return ccore.Job(
        piece.step.command,
        codes,
        wait=piece.wait,
        inputs_written=piece.inputs_written,
        weights_written=piece.weights_written,
    )


def run(
    tasks: Sequence[Task],
    config: CCoreConfig,
    seed: int = 1,
    progress: Callable[[int | None, int], None] = lambda cycle, cycles: None,
) -> list[Outcome]:
    """Run tasks on the generated C-Core, as :func:`place` places them.

    Parameters
    ----------
    tasks : sequence of Task
    config : CCoreConfig
    seed : int
        Of the simulation.
    progress : callable
        Called twice a second from another thread with the cycle, None while the simulator is built, and the cycles of
        all passes.

    Raises
    ------
    ConfigError
        If a layer does not fit the buffers.
    sim.rtl.runner.SimulationError
        If anything that leaves the C-Core differs from its golden model.
    """
    placed = place(tasks, config)
    jobs = [job for pieces in placed for _, job in pieces]
    formula = np.array([job.command.cycles() for job in jobs])
    ran = ccore.run(jobs, config, seed=seed, progress=lambda cycle: progress(cycle, int(formula.sum())))
    words, ends = np.array(ran.word_cycles), np.array(ran.status_cycles)
    # From the last word of a descriptor that waits for nothing else to its status, less its passes.
    fill = (ends - words - formula).min()
    ready = words + fill
    starts = np.append(ready[0], ends[:-1])
    operands = np.clip(ready - starts, 0, np.maximum(ends - starts - formula, 0))
    figures = np.array([ends - starts, formula, operands])
    bounds = itertools.pairwise(itertools.accumulate(map(len, placed), initial=0))
    return [
        _outcome(task, config, pieces, ran.results[first:end], *figures[:, first:end].sum(axis=1).tolist())
        for task, pieces, (first, end) in zip(tasks, placed, bounds, strict=True)
    ]


def _outcome(task: Task, config: CCoreConfig, pieces, results, cycles: int, formula: int, operands: int) -> Outcome:
    total = np.zeros(task.layer.result_shape(task.phase), np.int64)
    for (piece, _), result in zip(pieces, results, strict=True):
        if result is not None:
            total[piece.step.place] += result
    jobs = [job for _, job in pieces]
    return Outcome(
        total,
        np.array_equal(total, task.expected(config.array)),
        len(jobs),
        sum(job.inputs_written for job in jobs),
        sum(job.weights_written for job in jobs),
        cycles,
        formula,
        operands,
        cycles - formula - operands,
    )
