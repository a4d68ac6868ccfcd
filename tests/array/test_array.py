"""The array on the generated Verilog: every pattern, over random shapes and array sizes, bit for bit."""

import itertools

import numpy as np
import pytest

from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.pint import PintFormat
from sim.engine import array as engine
from sim.golden.array.mapping import cycles
from sim.golden.array.passes import GradientPass
from sim.workloads.layers import random_codes, random_layer
from sim.workloads.tasks import Task, compose

FULL = ArrayConfig()
CONFIGS = {
    "1x1x1x1": ArrayConfig(1, 1, 1, 1),
    "2x3x3x2": ArrayConfig(2, 3, 3, 2),
    "1x2x5x3": ArrayConfig(1, 2, 5, 3, mac=MacForm.GENERIC),
    "3x4x2x1": ArrayConfig(3, 4, 2, 1, mac=MacForm.SHIFT, acc_bits=32),
    "2x1x3x4": ArrayConfig(2, 1, 3, 4, mac=MacForm.SHIFT),
    "1x9x1x2": ArrayConfig(1, 9, 1, 2, acc_bits=48),
    "2x2x3x2 PINT(10,7)": ArrayConfig(2, 2, 3, 2, pint=PintFormat(10, 7)),
    "2x2x3x2 PINT(4,1)": ArrayConfig(2, 2, 3, 2, pint=PintFormat(4, 1), mac=MacForm.SHIFT),
}


def run_layers(work, config, seed):
    """Run (layer, phase) pairs as one program, compare all results; return program, result and first pass of each."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    tasks = [Task(layer, phase, random_codes(layer, rng, config.pint)) for layer, phase in work]
    composition = compose(tasks, config, seed)
    program = composition.program
    result = engine.execute(program, composition.bases[-1], seed)
    expected = [task.expected(config).ravel() for task in tasks]
    assert np.array_equal(result.memory, np.concatenate(expected))
    firsts = list(itertools.accumulate(map(len, composition.mapped), initial=0))[:-1]
    return program, result, firsts


@pytest.mark.parametrize("name", CONFIGS)
def test_random_layers_in_one_program(name):
    """Patterns and phases in random order, without a bubble between them."""
    config = CONFIGS[name]
    rng = np.random.default_rng(list(CONFIGS).index(name))
    layers = [random_layer(rng, channels=8, size=6, batch=2) for _ in range(8)]
    # Every pattern at least once: 3x3 and 1x1 at both strides.
    layers += [Layer(2, 5, 7, 5, 4, k, s, k // 2) for k, s in itertools.product((1, 3), (1, 2))]
    work = list(itertools.product(layers, Phase))
    rng.shuffle(work)
    run_layers(work, config, seed=len(name))


SHAPES = {
    "3x3 stride 1": Layer(2, 9, 10, 7, 5, 3, 1, 1),
    "3x3 stride 2": Layer(2, 9, 10, 8, 7, 3, 2, 1),
    "1x1": Layer(2, 30, 25, 4, 5),
    "FC": Layer(5, 80, 26),
    "5x5": Layer(1, 9, 9, 9, 6, 5, 1, 2),
    "7x7 stride 2, three channels": Layer(2, 3, 9, 18, 9, 7, 2, 3),
    "width 1": Layer(3, 2, 3, 6, 1, 3, 1, 1),
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("shape", SHAPES)
def test_cycles_are_the_formula_and_a_constant_fill(shape, phase):
    """From the first word to the last result: the formula, plus the first weights' load and the latency."""
    config, layer = ArrayConfig(2, 3, 3, 4), SHAPES[shape]
    program, result, _ = run_layers([(layer, phase)], config, seed=3)
    preload = 0 if phase == Phase.WG else config.channels - 1
    last = program.passes[-1]
    idle = last.length(config) - len(last) if phase != Phase.WG else 0  # the next pass's weights load in them
    measured = result.valid_cycles[-1] + 1
    assert measured + idle == cycles(layer, phase, config) + preload + result.latency
    # Within a pass every slot gives results in the next cycle, and so do passes at least `channels` slots long.
    slots = sum(len(each.address) for each in program.passes)
    assert len(result.valid_cycles) == slots


@pytest.mark.full_size
def test_full_array():
    """The 8x3x3x8 array: all patterns in a row, with the measured cycles of each layer by the formula."""
    layers = [
        Layer(3, 9, 10, 6, 5, 3, 1, 1),
        Layer(3, 9, 10, 8, 6, 3, 2, 1),
        Layer(2, 30, 26, 4, 4),
        Layer(7, 100, 30),
        Layer(2, 30, 26, 6, 6, 1, 2),
        Layer(1, 3, 9, 18, 10, 7, 2, 3),
        Layer(1, 9, 9, 9, 6, 5, 1, 2),
    ]
    work = list(itertools.product(layers, Phase))
    program, result, firsts = run_layers(work, FULL, seed=8)
    # Each layer starts its formula's cycles after the one before; gradients need not wait for weights.
    for (layer, phase), first, following in zip(work, firsts, firsts[1:], strict=False):
        last, gradients = program.passes[following - 1], isinstance(program.passes[following], GradientPass)
        saved = max(0, FULL.channels - len(last)) if phase != Phase.WG and gradients else 0
        assert program.starts[following] - program.starts[first] == cycles(layer, phase, FULL) - saved
    assert result.valid_cycles[0] == FULL.channels - 1 + result.latency


def test_results_do_not_depend_on_the_array():
    """The same layer gives the same bits on every array size and form of the MAC."""
    layer = Layer(2, 6, 5, 6, 6, 3, 2, 1)
    for phase in Phase:
        results = [
            run_layers([(layer, phase)], config, seed=11)[1].memory
            for config in (ArrayConfig(1, 1, 1, 1), ArrayConfig(2, 3, 3, 4), CONFIGS["2x1x3x4"])
        ]
        assert all(np.array_equal(results[0], other) for other in results[1:])
