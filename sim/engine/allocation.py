"""Where the operands of tasks lie in the buffers of the C-Core, and when they may be written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

import numpy as np

from gen.compiler.ccore.command import Command
from gen.compiler.steps import Step, steps
from gen.compiler.tiling import Tiling, Work, best, channel_tiles, cost, thinned
from gen.compiler.timing import Ports
from gen.model.layer import Phase
from hw.arch.ccore.config import CCoreConfig
from sim.golden.ccore.load import load
from sim.workloads.tasks import Task

from .ccore import Job

__all__ = ["THERE", "Residence", "lay_out"]

#: Of a region that holds what shall be written already.
THERE = -1

#: Buffers, with the field of the descriptor that says where an operand begins.
_BASES = {"inputs": "x_base", "weights": "w_base"}

#: The bench writes a word and a granule a cycle, whatever DRAM would say.
_PORTS = Ports(dram_gbps=1e6)


class Residence:
    """What lies in a buffer: regions, the writes that made each, and the last descriptor that reads it."""

    def __init__(self):
        self._held = []

    @staticmethod
    def _overlap(a, b) -> bool:
        return a.base < b.base + b.words and b.base < a.base + a.words

    def wait(self, region, writes) -> int:
        """How many descriptors must finish before the writes of a region; :data:`THERE` if none is needed."""
        over = [each for each in self._held if self._overlap(each[0], region)]
        if over and over[0][0] == region and all(map(np.array_equal, astuple(over[0][1]), astuple(writes))):
            return THERE
        return max((last + 1 for _, _, last in over), default=0)

    def read(self, region, writes, number: int) -> int:
        """Let descriptor `number` read a region once the writes are made; returns what :meth:`wait` does."""
        wait = self.wait(region, writes)
        self._held = [each for each in self._held if not self._overlap(each[0], region)]
        self._held.append((region, writes, number))
        return wait


def _codes(task: Task, step: Step) -> dict[str, np.ndarray]:
    """The part of the task's tensors that a step works on."""
    phase, stride = task.phase, task.layer.stride
    images, gives, reads = step.images, step.gives, step.reads
    parts = {
        Phase.FP: {"x": (images, reads), "w": (gives, reads)},
        Phase.BP: {"e": (images, reads), "w": (reads, gives)},
        Phase.WG: {"x": (images, reads), "e": (images, gives)},
    }[phase]
    codes = {name: task.codes[name][part] for name, part in parts.items()}
    if thinned(task.layer, phase) != task.layer:
        codes["x"] = codes["x"][:, :, ::stride, ::stride]
    return codes


def _tiling(work: Work) -> Tiling:
    """The fewest tiles of whole images, all of about one size, that leave half of the buffer to others; else the best.

    Between tiles, the first operands and the last partial sums of each are seldom hidden.
    """
    batch = work.layer.batch
    for images in sorted({-(-batch // count) for count in range(1, batch + 1)}, reverse=True):
        parts = work.parts(images, 0)
        least = 1 if work.phase == Phase.WG else parts[0][1].header["c_blocks"]
        tilings = [Tiling(images, 0, *each) for each in channel_tiles(work, parts) if each[1] >= least]
        if tilings:
            return min(tilings, key=lambda tiling: cost(work, parts, tiling).total)
    return best(work)[0]


def _moved(command: Command, name: str, half: int) -> Command | None:
    """The command with an operand in the other half of its buffer; None if it takes parts of both."""
    region = getattr(command, name)
    if region.base // half != (region.base + region.words - 1) // half:
        return None
    region = replace(region, base=(region.base + half) % (2 * half))
    return replace(command, header={**command.header, _BASES[name]: region.base}, **{name: region})


def _operands(command: Command, codes: Mapping[str, np.ndarray]) -> dict[str, tuple[Any, Any]]:
    """Region and writes of each buffer."""
    writes = zip(_BASES, load(command, codes), strict=True)
    return {name: (getattr(command, name), each) for name, each in writes}


class _Layout:
    """Lays out task after task."""

    def __init__(self, config: CCoreConfig):
        self._config, self._count = config, 0
        self._buffers = {name: Residence() for name in _BASES}

    def task(self, task: Task) -> Iterator[tuple[Step, Job]]:
        """The steps of a task and their jobs."""
        work = Work(thinned(task.layer, task.phase), task.phase, self._config, _PORTS)
        planned = list(steps(work, _tiling(work)))
        codes = [_codes(task, step) for step in planned]
        for step, command, each in zip(planned, self._placed(planned, codes[0]), codes, strict=True):
            waits = {
                name: self._buffers[name].read(*operand, self._count)
                for name, operand in _operands(command, each).items()
            }
            command = replace(command, header={**command.header, "tag": self._count % 256})
            yield (
                step,
                Job(
                    command,
                    each,
                    wait=max(0, *waits.values()),
                    inputs_written=waits["inputs"] == THERE,
                    weights_written=waits["weights"] == THERE,
                ),
            )
            self._count += 1

    def _placed(self, planned: Sequence[Step], first: Mapping[str, np.ndarray]) -> list[Command]:
        """The commands, with the halves of a buffer swapped where the first operand is there, or may come, earlier."""
        commands = [step.command for step in planned]
        depths = {"inputs": self._config.input_depth, "weights": self._config.weight_depth}
        for name, depth in depths.items():
            moved = [_moved(command, name, depth // 2) for command in commands]
            swapped = [command for command in moved if command is not None]
            if len(swapped) == len(commands):
                waits = [self._buffers[name].wait(*_operands(each[0], first)[name]) for each in (commands, swapped)]
                commands = swapped if waits[1] < waits[0] else commands
        return commands


def lay_out(tasks: Sequence[Task], config: CCoreConfig) -> list[list[tuple[Step, Job]]]:
    """The steps of each task, and their jobs.

    Tiles take the halves of the buffers in turn, so that one is written while the other is read; each write waits for
    the last descriptor that reads what it overwrites. What lies in its place already is not written again: so BP reads
    the weights that FP read.

    Raises
    ------
    ValueError
        If a layer does not fit the buffers.
    """
    layout = _Layout(config)
    return [list(layout.task(task)) for task in tasks]
