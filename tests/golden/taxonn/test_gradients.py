"""Gradients of the float32 twin, which golden is held against, beside finite differences."""

import numpy as np
import pytest

from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from hw.arch.taxonn.maps import parse_layers
from sim.golden.taxonn import schedule
from sim.golden.taxonn.twin import FloatNetwork
from sim.rtl.parameters import SEED

NETS = ["4,3,2", "5x4x2,conv2k3p1,pool2,conv3k2,3", "5x4x2,conv2k3p1,avg2,conv3k2,3", "5x6x1,conv2k4p2,avg3,4,3"]


@pytest.mark.parametrize("text", NETS)
def test_gradient_of_the_twin_is_that_of_finite_differences(text):
    print(f"seed {SEED}")
    layers, maps = parse_layers(text)
    kinds = (*["tanh"] * (len(layers) - 2), "softmax")
    config = TaxonnConfig(layers, kinds, (FixedFormat(4, 16),), "nearest", maps)
    weights = schedule.initial_weights(config, SEED)
    x = np.random.default_rng(SEED).uniform(-1, 1, layers[0])

    def loss(layer, place, change):
        moved = [w.copy() for w in weights]
        moved[layer][place] += change
        z = FloatNetwork(config, moved).infer(x).astype(float)
        return np.log(np.exp(z).sum()) - z[1]

    twin = FloatNetwork(config, weights)
    twin.train(x, 1, 1.0)
    for layer, before in enumerate(weights):
        for place in np.ndindex(before.shape):
            slope = (loss(layer, place, 0.005) - loss(layer, place, -0.005)) / 0.01
            assert abs(before[place] - twin.weights[layer][place] - slope) < 1e-3
