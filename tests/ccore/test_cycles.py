"""Cycles of the generated C-Core: formulas plus a constant, no bubble between descriptors, and the cycle model."""

from dataclasses import replace

import numpy as np
import pytest

from gen.compiler.ccore.plan import plan
from gen.compiler.timing import alone, drain_beats
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import Code
from sim.engine.ccore import Job, run
from sim.workloads.ccore import expected
from sim.workloads.layers import random_codes

CONFIG = CCoreConfig(
    ArrayConfig(2, 3, 3, 4, mac=MacForm.SHIFT), input_depth=2048, weight_depth=2048, psum_depth=256, images=128
)

#: Enough c blocks that drains hide behind passes, and more slots than columns.
LAYERS = {
    "3x3 stride 1": Layer(2, 12, 10, 6, 9, 3, 1, 1),
    "3x3 stride 2": Layer(2, 20, 20, 8, 6, 3, 2, 1),
    "1x1": Layer(2, 60, 50, 4, 5),
    "1x1 stride 2": Layer(2, 60, 50, 6, 6, 1, 2),
    "FC": Layer(24, 70, 50),
    "5x5": Layer(2, 9, 6, 6, 6, 5, 1, 2),
    "7x7 stride 2": Layer(1, 3, 8, 20, 12, 7, 2, 3),
    "width 1": Layer(3, 12, 6, 9, 1, 3, 1, 1),
    "no padding": Layer(2, 12, 6, 7, 7, 3, 1, 0),
}
WORK = [(name, phase) for name in LAYERS for phase in Phase]

#: Cycles from the last word of a descriptor to its first slot: it is checked, and its first pass is worked out. A
#: weight-stationary pass waits `channels` - 1 cycles more, for its weights.
FILL = 8
#: Cycles from the last slot of a descriptor to its status: the pipelines in front of the array.
STATUS = 11
#: Cycles from the last slot of a block to its first beat, on this array: those pipelines, the array and the drain.
LATENCY = 31


def jobs_of(work, rng, **options):
    jobs = []
    for number, (name, phase) in enumerate(work):
        layer = LAYERS[name]
        command = plan(layer, phase, CONFIG, tag=number, **options)
        jobs.append(Job(command, random_codes(layer, rng, CONFIG.array.pint)))
    return jobs


@pytest.fixture(scope="module")
def alone_runs():
    """Each layer and phase by itself: (job, cycles to the status, cycles to the last beat)."""
    jobs = jobs_of(WORK, np.random.default_rng(1))
    ran = run(jobs, CONFIG)
    beats = np.cumsum([sum(len(each.order) for each in drained) for drained in ran.drained])
    for job, result in zip(jobs, ran.results, strict=True):
        assert np.array_equal(result, expected(job))
    last = [ran.result_cycles[n - 1] for n in beats]
    return [
        (job, status - word, end - word)
        for job, status, word, end in zip(jobs, ran.status_cycles, ran.word_cycles, last, strict=True)
    ]


def fill(command):
    """Cycles before the first slot."""
    return FILL if command.phase == Phase.WG else FILL + CONFIG.array.channels - 1


def test_cycles_are_the_formula_and_a_constant_fill(alone_runs):
    """Of all whose drains hide behind the passes: not where a block has few slots a channel block."""
    found = {}
    for (name, phase), (job, cycles, _) in zip(WORK, alone_runs, strict=True):
        command = job.command
        hidden = command.cycles() - command.tail + LATENCY + drain_beats(command, last=True)
        if alone(command, 0, LATENCY) == hidden:
            found[name, phase] = cycles - (command.cycles() - command.tail) - fill(command) - STATUS
    assert set(found.values()) == {0}, found
    # Each pattern is among them.
    patterns = {job.command.header["pattern"] for job, *_ in alone_runs}
    shown = {plan(LAYERS[name], phase, CONFIG).header["pattern"] for name, phase in found}
    assert patterns - shown <= {Code.FP_POINT, Code.BP_POINT, Code.BP_S2}, found


def test_the_cycle_model_is_exact(alone_runs):
    """To the last beat, drains that hold up blocks included."""
    measured = [end for *_, end in alone_runs]
    assert len(measured) >= 10
    assert measured == [alone(job.command, fill(job.command), LATENCY) for job, *_ in alone_runs]


def test_descriptors_follow_each_other_without_a_bubble():
    """All tensors are written before; each descriptor ends its formula's cycles after the one before.

    The layers have enough channels, and follow in an order, for their drains to hide.
    """
    small, strided, point = Layer(2, 12, 10, 6, 9, 3, 1, 1), Layer(2, 20, 40, 8, 6, 3, 2, 1), Layer(2, 60, 50, 6, 10)
    work = [
        (LAYERS["5x5"], Phase.FP),
        (LAYERS["7x7 stride 2"], Phase.WG),
        (small, Phase.WG),
        (Layer(2, 24, 6, 6, 10, 3, 1, 1), Phase.FP),
        (small, Phase.BP),
        (small, Phase.FP),
        (strided, Phase.BP),
        (point, Phase.BP),
    ]
    rng, jobs, x, w = np.random.default_rng(2), [], 0, 0
    for number, (layer, phase) in enumerate(work):
        command = plan(layer, phase, CONFIG, x_base=x, w_base=w, tag=number)
        x, w = x + command.inputs.words, w + command.weights.words
        jobs.append(Job(command, random_codes(layer, rng, CONFIG.array.pint), wait=0))
    written = [replace(job, inputs_written=True, weights_written=True) for job in jobs]
    ran = run([*(replace(job, words=()) for job in jobs), *written], CONFIG)
    measured = np.diff(ran.status_cycles)
    assert measured.tolist() == [job.command.cycles() for job in jobs[1:]]


def test_bp_reads_the_weights_that_fp_stored():
    """Weights are written once; FP reads them straight, BP transposed."""
    rng = np.random.default_rng(3)
    for name in ("3x3 stride 1", "3x3 stride 2", "1x1"):
        layer = LAYERS[name]
        codes = random_codes(layer, rng, CONFIG.array.pint)
        forward = Job(plan(layer, Phase.FP, CONFIG), codes)
        backward = Job(plan(layer, Phase.BP, CONFIG), codes, weights_written=True)
        assert forward.command.weights == backward.command.weights
        ran = run([forward, backward], CONFIG)
        for job, result in zip((forward, backward), ran.results, strict=True):
            assert np.array_equal(result, expected(job))
