"""Random runs of the C-Core: layers that fit its buffers, laid out so that writes and passes overlap."""

from collections.abc import Iterable

import numpy as np

from gen.compiler.ccore.plan import plan
from gen.model.layer import Layer, Phase
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, WORD_BITS
from sim.engine.ccore import Job
from sim.golden import conv
from sim.golden.pint import decode

from .layers import random_codes, random_layer

__all__ = ["alternating_jobs", "expected", "fits", "garbage", "random_jobs"]

#: Fields on whose values it depends whether a descriptor ends.
_VITAL = [(HEADER, name) for name in ("pattern", "sums", "drain_mode", "accumulate", "drain", "m_blocks")]
_VITAL += [(ENTRY, name) for name in ("sum", "idle", "row_groups", "left", "ports", "lead", "start", "row")]


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


def garbage(config: CCoreConfig, rng: np.random.Generator, count: int) -> list[list[int]]:
    """Words of descriptors with mistakes: good ones with other bits, values of fields or patterns, and random words.

    Their number is always that of their entries: a stream that has lost its place is not found again.
    """
    found: list[list[int]] = []
    while len(found) < count:
        layer, phase = random_layer(rng, channels=6, size=5, batch=2), list(Phase)[rng.integers(3)]
        if fits(config, layer, phase):
            sums = bool(phase == Phase.FP and rng.integers(2))
            words = plan(layer, phase, config, sums=sums, tag=len(found) % 256).words()
            found.append(_framed(_mutated(words, rng, config), config))
    return found


def _mutated(words: list[int], rng: np.random.Generator, config: CCoreConfig) -> list[int]:
    """Words with a mistake: other words, other bits, or another value of a field, most often of a vital one."""
    kind, words = rng.integers(8), list(words)
    if kind == 0:
        return [*words[:1], *rng.integers(0, 1 << WORD_BITS, len(words) - 1).tolist()]
    if kind <= 3:
        for _ in range(rng.integers(1, 4)):
            words[rng.integers(len(words))] ^= 1 << int(rng.integers(WORD_BITS))
        return words
    fields = _VITAL if kind <= 5 else [(word, name) for word in (HEADER, ENTRY) for name, _ in word]
    word, name = fields[rng.integers(len(fields))]
    size = ENTRY.units + config.array.rows
    start = 0 if word is HEADER else HEADER.units + size * int(rng.integers((len(words) - HEADER.units) // size))
    place = slice(start, start + word.units)
    value = int(rng.integers(1 << min(word.field(name).bits, int(rng.integers(1, 19)))))
    words[place] = word.split(word.put(word.join(words[place]), **{name: value}))
    return words


def _framed(words: list[int], config: CCoreConfig) -> list[int]:
    """As many words as the header's entries take: the last ones go, or come again."""
    number, low = HEADER.place("entries")
    entries = words[number] >> low & ((1 << HEADER.field("entries").bits) - 1)
    count, body = HEADER.units + entries * (ENTRY.units + config.array.rows), words[HEADER.units :]
    return (words[: HEADER.units] + body * (count // max(len(body), 1) + 1))[:count]


def expected(job: Job) -> np.ndarray:
    """Direct convolution of a job's tensors."""
    array, layer = job.command.config.array, job.command.layer
    decoded = {name: decode(codes, array.pint.k, array.pint.d) for name, codes in job.codes.items()}
    return conv.results(layer, job.command.phase, **decoded, acc_bits=array.acc_bits)
