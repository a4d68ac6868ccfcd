"""Random runs of the C-Core: layers that fit its buffers, laid out so that writes and passes overlap."""

from collections.abc import Iterable

import numpy as np

from gen.compiler.ccore.plan import plan
from gen.model.layer import Layer, Phase
from hw.arch.ccore.config import CCoreConfig
from sim.engine.ccore import Job
from sim.golden import conv
from sim.golden.pint import decode

from .layers import random_codes, random_layer

__all__ = ["alternating_jobs", "expected", "fits", "random_jobs"]


def fits(config: CCoreConfig, layer: Layer, phase: Phase, halves: int = 1, **options) -> bool:
    """Whether a phase fits one of `halves` parts of the input and the weight buffer, and the partial sums."""
    try:
        command = plan(layer, phase, config, **options)
        command.words()
    except ValueError:
        return False
    header = command.header
    return (
        command.inputs.words <= config.input_depth // halves
        and command.weights.words <= config.weight_depth // halves
        and header["psums"] <= config.psum_depth
        and layer.batch * (config.blocks if header["taps"] else 1) <= config.images
    )


def alternating_jobs(
    work: Iterable[tuple[Layer, Phase]], config: CCoreConfig, rng: np.random.Generator, *, sums: bool = True
) -> list[Job]:
    """Jobs that use the halves of the buffers in turn, so that one is written while the other is read.

    FP takes the sums of |x| at random if `sums`.
    """
    jobs = []
    for number, (layer, phase) in enumerate(work):
        half = number % 2
        command = plan(
            layer,
            phase,
            config,
            x_base=half * (config.input_depth // 2),
            w_base=half * (config.weight_depth // 2),
            tag=number % 256,
            sums=bool(sums and phase == Phase.FP and rng.integers(2)),
        )
        jobs.append(Job(command, random_codes(layer, rng, config.array.pint), wait=max(number - 1, 0)))
    return jobs


def random_jobs(config: CCoreConfig, rng: np.random.Generator, count: int, **bounds) -> list[Job]:
    """Jobs of random layers and phases that fit."""
    work = []
    while len(work) < count:
        layer, phase = random_layer(rng, **bounds), list(Phase)[rng.integers(3)]
        if fits(config, layer, phase, 2, sums=phase == Phase.FP):
            work.append((layer, phase))
    return alternating_jobs(work, config, rng)


def expected(job: Job) -> np.ndarray:
    """Direct convolution of a job's tensors."""
    array, layer = job.command.config.array, job.command.layer
    decoded = {name: decode(codes, array.pint.k, array.pint.d) for name, codes in job.codes.items()}
    return conv.results(layer, job.command.phase, **decoded, acc_bits=array.acc_bits)
