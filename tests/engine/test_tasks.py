"""Tasks as the engine places them in the buffers: what they read is there, and their results are the layers'."""

import numpy as np
import pytest

from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from sim.engine.tasks import Task, place
from sim.golden.ccore.load import load
from sim.golden.ccore.machine import Machine
from sim.golden.ccore.results import collect
from sim.workloads.layers import random_codes

CONFIGS = {
    "2x3x3x2": CCoreConfig(ArrayConfig(2, 3, 3, 2), input_depth=48, weight_depth=64, psum_depth=64),
    "3x2x2x4": CCoreConfig(ArrayConfig(3, 2, 2, 4), input_depth=64, weight_depth=96, psum_depth=64),
}
LAYERS = [Layer(4, 3, 7, 6, 5, 3, 1, 1), Layer(4, 7, 5, 6, 5, 3, 2, 1), Layer(4, 9, 8, 6, 5, 1, 2), Layer(6, 20, 10)]


def tasks(config):
    rng = np.random.default_rng(5)
    codes = [random_codes(layer, rng, config.array.pint) for layer in LAYERS]
    return [Task(layer, phase, each) for layer, each in zip(LAYERS, codes, strict=True) for phase in Phase]


def overlap(a, b):
    return {*range(a.base, a.base + a.words)} & {*range(b.base, b.base + b.words)}


@pytest.mark.parametrize("name", CONFIGS)
def test_nothing_is_overwritten_before_it_has_been_read(name):
    """Writes come in order, each once `wait` descriptors have finished; they leave alone what the others read."""
    config, early = CONFIGS[name], 0
    jobs = [job for pieces in place(tasks(config), config) for _, job in pieces]
    finished = 0
    for number, job in enumerate(jobs):
        finished = max(finished, job.wait)
        assert job.wait <= number
        early += finished < number
        for other in jobs[finished:number]:
            assert job.inputs_written or not overlap(job.command.inputs, other.command.inputs)
            assert job.weights_written or not overlap(job.command.weights, other.command.weights)
    assert early > len(jobs) // 2  # written while others are read


@pytest.mark.parametrize("name", CONFIGS)
def test_tiles_give_direct_convolution_out_of_what_the_buffers_hold(name):
    """In golden's buffers, with only the writes that are made; BP reads weights that FP read."""
    config = CONFIGS[name]
    machine, work = Machine(config), tasks(config)
    kept = []
    for task, pieces in zip(work, place(work, config), strict=True):
        total = np.zeros(task.layer.result_shape(task.phase), np.int64)
        for piece, job in pieces:
            inputs, weights = load(job.command, job.codes)
            if not job.inputs_written:
                machine.write_inputs(inputs)
            if not job.weights_written:
                machine.write_weights(weights)
            drained = machine.run(job.command.words())
            if drained:
                total[piece.step.place] += collect(job.command, drained)
        assert np.array_equal(total, task.expected(config.array)), (task.layer, task.phase)
        kept += [task.layer] * (task.phase == Phase.BP and all(job.weights_written for _, job in pieces))
    assert kept
