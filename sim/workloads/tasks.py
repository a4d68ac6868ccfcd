"""Phases of layers with their tensors, and their programs of the array."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from sim.golden import conv
from sim.golden.array.mapping import map_layer
from sim.golden.array.passes import moved
from sim.golden.array.program import Program
from sim.golden.pint import decode

__all__ = ["Composition", "Task", "compose"]


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


def compose(tasks: Sequence[Task], config: ArrayConfig, seed: int = 1) -> Composition:
    """Lay tasks out one behind the other.

    `seed` is that of the codes that nobody looks at and of the times at which weights load.
    """
    mapped = [map_layer(task.layer, task.phase, config, **task.codes) for task in tasks]
    sizes = (math.prod(task.layer.result_shape(task.phase)) for task in tasks)
    bases = list(itertools.accumulate(sizes, initial=0))
    passes = [moved(each, base) for some, base in zip(mapped, bases, strict=False) for each in some]
    return Composition(Program(config, passes, np.random.default_rng(seed)), mapped, bases)
