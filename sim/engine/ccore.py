"""Runs descriptors on the generated C-Core and checks all that leaves it against golden."""

import pickle
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from gen.compiler.ccore.command import Command
from gen.verilog.emit import emit
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import HEADER, STATUS, Error
from hw.arch.ccore.drain import drain_beat
from hw.arch.ccore.inputs import input_write
from hw.arch.ccore.weights import weight_write
from hw.ccore.ccore import CCore
from sim.engine.array import HIERARCHICAL_MACS, MODELS
from sim.golden.ccore.check import error_of
from sim.golden.ccore.load import load
from sim.golden.ccore.machine import ALL_BLOCKS, Drained, Machine
from sim.golden.ccore.regions import InputWrites, WeightWrites
from sim.golden.ccore.results import collect
from sim.rtl import runner
from sim.rtl.bits import pack
from sim.rtl.watch import watched

__all__ = ["Job", "Ran", "generated", "program", "run"]


@dataclass(frozen=True)
class Job:
    """A descriptor and the tensors that it reads.

    Parameters
    ----------
    command : Command
    codes : mapping of arrays
        Codes of x, w and e of its layer.
    wait : int or None
        Descriptors that must have finished before its tensors are written; None: all before it, and their results.
    words : sequence of int, optional
        In place of the command's words: a descriptor with a mistake, which must end with `error` and do nothing. Empty:
        the tensors are written, and nothing runs.
    error : Error
    inputs_written, weights_written : bool
        Whether the tensor that it reads, and its weights or errors, are in the buffers already.
    """

    command: Command
    codes: Mapping[str, np.ndarray]
    wait: int | None = None
    words: Sequence[int] | None = None
    error: Error = Error.OK
    inputs_written: bool = False
    weights_written: bool = False

    @property
    def runs(self) -> bool:
        """Whether its descriptor is run."""
        return self.error == Error.OK and self.words is None


@dataclass(frozen=True)
class Ran:
    """Results of a run, and the cycles in which they left.

    results : int64, of each job, in the shape `layer.result_shape(phase)`; None if it does not drain.
    drained : what left, of each job
    status_cycles, word_cycles : cycle of each job's status, and of the last word of its descriptor
    result_cycles, sums_cycles : of each beat and each sum
    overflow : the sticky flag at the end
    """

    results: list[np.ndarray | None]
    drained: list[list[Drained]]
    status_cycles: list[int]
    word_cycles: list[int]
    result_cycles: list[int]
    sums_cycles: list[int]
    overflow: bool = field(default=False)


@cache
def generated(config: CCoreConfig) -> str:
    """Verilog of the C-Core."""
    return emit(CCore(config=config), "ccore")


def _struct(layout, count: int, **columns) -> list[int]:
    """Words of a struct from columns of its fields, arrays of integers or lists of packed words."""
    words = [0] * count
    for name, column in columns.items():
        offset = layout[name].offset
        words = [word | int(value) << offset for word, value in zip(words, column, strict=True)]
    return words


def _input_words(config: CCoreConfig, writes: InputWrites) -> list[int]:
    count, data = len(writes.bank), pack(writes.data, config.array.pint.k)
    ones = np.ones(count, int)
    return _struct(input_write(config), count, enable=ones, bank=writes.bank, address=writes.address, data=data)


def _weight_words(config: CCoreConfig, writes: WeightWrites) -> list[int]:
    count, data = len(writes.row), pack(writes.data, config.array.pint.k)
    return _struct(
        weight_write(config),
        count,
        enable=np.ones(count, int),
        row=writes.row,
        column=writes.column,
        address=writes.address,
        turn=writes.turn,
        data=data,
    )


def _beats(config: CCoreConfig, drained: Drained) -> list[tuple[int, int]]:
    """Words of the results of a block, and which of their bits count."""
    layout, order, acc = drain_beat(config), drained.order, config.array.acc_bits
    count, wpus = len(order), config.array.wpus
    counts = order.mask
    if drained.block == ALL_BLOCKS:
        # In the last beat of a column, WPUs beyond the array's rows carry nothing of use.
        row = (order.address % config.array.beats)[:, None] * wpus + np.arange(wpus)
        counts = row < config.array.rows
    lanes = np.broadcast_to(counts[:, None, :], drained.data.shape)
    masks = pack(np.where(lanes, -1, 0), acc)
    flags = order.mask @ (1 << np.arange(wpus))
    words = _struct(layout, count, data=pack(drained.data, acc), mask=flags, first=order.first, last=order.last)
    others = (1 << layout.size) - 1 ^ (1 << layout.members["data"].size) - 1
    return [(word, mask | others) for word, mask in zip(words, masks, strict=True)]


def _step(job: Job, machine: Machine, statuses: int, results: int) -> tuple[dict, list[Drained]]:
    """A step of the bench, and what golden says leaves; `statuses` and `results` have left before."""
    config, command = machine.config, job.command
    inputs, weights = load(command, job.codes)
    drained = []
    if not job.inputs_written:
        machine.write_inputs(inputs)
    if not job.weights_written:
        machine.write_weights(weights)
    if job.runs:
        drained = machine.run(command.words())
    status = STATUS.encode({"tag": command.header["tag"], "error": job.error})
    sums = [word for each in drained if len(each.sums) for word in pack(each.sums, config.sum_bits)]
    step = {
        "inputs": [] if job.inputs_written else _input_words(config, inputs),
        "weights": [] if job.weights_written else _weight_words(config, weights),
        "wait": statuses if job.wait is None else job.wait,
        "wait_results": results if job.wait is None else 0,
        "words": list(job.words if job.words is not None else command.words()),
        "results": [word for each in drained for word in _beats(config, each)],
        "sums": [(word, -1) for word in sums],
        "status": [(status, -1)] if job.words is None or job.words else [],
    }
    return step, drained


def _told(words: Sequence[int], config: CCoreConfig) -> tuple[int, int]:
    """The status of a descriptor, from its words alone, and which of its bits count."""
    number, low = HEADER.place("tag")
    tag = words[number] >> low & ((1 << HEADER.field("tag").bits) - 1)
    return STATUS.encode({"tag": tag, "error": error_of(words, config)}), -1


def program(
    jobs: Sequence[Job],
    config: CCoreConfig,
    *,
    seed: int = 1,
    idle: float = 0.0,
    stall: float = 0.0,
    resets: Sequence[tuple[int, int]] = (),
    garbage: Sequence[Sequence[Sequence[int]]] = (),
) -> tuple[bytes, list[list[Drained]]]:
    """Content of the file of :mod:`sim.testbench.ccore.ccore` for jobs, and what golden says leaves, of each job.

    Parameters are those of :func:`run`.
    """
    machine = Machine(config)
    steps, drained, statuses, results = [], [], 0, 0
    for job in jobs:
        step, each = _step(job, machine, statuses, results)
        statuses, results = statuses + len(step["status"]), results + len(step["results"])
        steps.append(step)
        drained.append(each)
    longest = max(job.command.cycles() for job in jobs)
    content = {"steps": steps, "seed": seed, "idle": idle, "stall": stall}
    told = [[(list(words), _told(words, config)) for words in group] for group in garbage]
    content |= {"longest": longest, "resets": resets, "garbage": told}
    return pickle.dumps(content), drained


def run(
    jobs: Sequence[Job],
    config: CCoreConfig,
    *,
    seed: int = 1,
    idle: float = 0.0,
    stall: float = 0.0,
    resets: Sequence[tuple[int, int]] = (),
    garbage: Sequence[Sequence[Sequence[int]]] = (),
    progress: Callable[[int | None], None] = lambda cycle: None,
    simulator: str | None = None,
) -> Ran:
    """Run jobs on the generated C-Core.

    Parameters
    ----------
    jobs : sequence of Job
    config : CCoreConfig
    seed, idle, stall
        Seed, and shares of the cycles in which inputs are not offered and outputs not taken.
    resets : sequence of (cycle, length)
        For each, the jobs run until the cycle or to their end, are reset for some cycles, and run again.
        All that leaves is checked in every run; :class:`Ran` is of a last one.
    garbage : sequence of groups of descriptors' words
        For each group, its descriptors run, right or wrong, and must have the statuses of
        :func:`sim.golden.ccore.check.error_of`; then the jobs run, as above.
    progress : callable
        Called twice a second from another thread with the cycle, or None while the simulator is built.
    simulator : str, optional
        See :func:`sim.rtl.runner.simulate`.

    Raises
    ------
    sim.rtl.runner.SimulationError
        If anything that leaves the C-Core differs from golden.
    """
    content, drained = program(jobs, config, seed=seed, idle=idle, stall=stall, resets=resets, garbage=garbage)
    with tempfile.TemporaryDirectory() as folder:
        steps, result, cycle = (Path(folder) / name for name in ("program", "result", "cycle.txt"))
        steps.write_bytes(content)
        parameters = {"program": steps, "result": result, "progress": cycle}
        with watched(cycle, progress):
            runner.simulate(
                top="ccore",
                verilog=generated(config),
                bench="sim.testbench.ccore.ccore",
                models=MODELS[config.array.mac],
                parameters=parameters,
                hier_blocks=("cluster",) if config.array.macs > HIERARCHICAL_MACS else (),
                seed=seed,
                simulator=simulator,
            )
        data = pickle.loads(result.read_bytes())
    results = [
        collect(job.command, each) if job.runs and job.command.header["drain"] else None
        for job, each in zip(jobs, drained, strict=True)
    ]
    return Ran(results, drained, data["status"], data["words"], data["results"], data["sums"], bool(data["overflow"]))
