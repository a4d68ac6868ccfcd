"""Lanes, modes and addresses of every pattern, against direct convolution, over array sizes and shapes."""

import numpy as np
import pytest

from hw.spec.config import ArrayConfig
from hw.spec.layer import Layer, Phase
from sim.golden import array, conv
from sim.golden.mapping import Pattern, cycles, map_layer, pattern
from sim.golden.pint import decode

SIZES = [(1, 1, 1, 1), (2, 3, 3, 2), (1, 2, 3, 4), (3, 1, 2, 3), (2, 2, 4, 2), (4, 3, 3, 8), (8, 3, 3, 8), (2, 4, 5, 3)]


def direct(layer, phase, x, w, e, acc_bits=36):
    """Results of a phase by direct convolution of the decoded tensors."""
    x, w, e = decode(x), decode(w), decode(e)
    if phase == Phase.FP:
        return conv.forward(x, w, layer.stride, layer.padding, acc_bits)
    if phase == Phase.BP:
        return conv.backward(e, w, (layer.height, layer.width), layer.stride, layer.padding, acc_bits)
    return conv.gradient(x, e, layer.kernel, layer.stride, layer.padding, acc_bits)


def tensors(layer, rng):
    return {
        "x": rng.integers(0, 256, layer.x_shape),
        "w": rng.integers(0, 256, layer.w_shape),
        "e": rng.integers(0, 256, layer.e_shape),
    }


def random_layer(rng) -> Layer:
    kernel = int(rng.choice([1, 1, 3, 3, 3, 5, 7, 2, 4]))
    padding = int(rng.choice([0, kernel // 2, kernel // 2, kernel - 1]))
    height, width = (int(max(rng.integers(1, 10), kernel - 2 * padding)) for _ in range(2))
    batch, inputs, outputs = (int(rng.integers(1, top)) for top in (4, 20, 20))
    return Layer(batch, inputs, outputs, height, width, kernel, int(rng.integers(1, 3)), padding)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("phase", Phase)
def test_every_pattern_equals_direct_convolution(size, phase):
    config = ArrayConfig(*size)
    rng = np.random.default_rng(sum(size) + list(Phase).index(phase))
    for _ in range(25):
        layer = random_layer(rng)
        codes = tensors(layer, rng)
        memory = np.zeros(np.prod(layer.result_shape(phase)), dtype=np.int64)
        passes = map_layer(layer, phase, config, **codes)
        array.run(passes, config, memory)
        expected = direct(layer, phase, **codes)
        assert np.array_equal(memory.reshape(expected.shape), expected), layer
        assert sum(each.length(config) for each in passes) == cycles(layer, phase, config), layer
