"""Lanes, modes and addresses of every pattern, against direct convolution, over array sizes and shapes."""

import numpy as np
import pytest

from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import Ports
from sim.golden import conv
from sim.golden.array import array
from sim.golden.array.mapping import Pattern, cycles, map_layer, pattern
from sim.golden.array.passes import StationaryPass
from sim.golden.pint import decode
from sim.workloads.layers import random_codes, random_layer

SIZES = [(1, 1, 1, 1), (2, 3, 3, 2), (1, 2, 3, 4), (3, 1, 2, 3), (2, 2, 4, 2), (4, 3, 3, 8), (8, 3, 3, 8), (2, 4, 5, 3)]


def check(layer, phase, config, rng):
    """Map the phase, run it on the golden array, and compare; return the passes."""
    codes = random_codes(layer, rng, config.pint)
    expected = conv.results(layer, phase, **{name: decode(code) for name, code in codes.items()})
    memory = np.zeros(expected.size, dtype=np.int64)
    passes = map_layer(layer, phase, config, **codes)
    array.run(passes, config, memory)
    assert np.array_equal(memory.reshape(expected.shape), expected), layer
    assert sum(each.length(config) for each in passes) == cycles(layer, phase, config), layer
    return passes


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("phase", Phase)
def test_every_pattern_equals_direct_convolution(size, phase):
    rng = np.random.default_rng(sum(size) + list(Phase).index(phase))
    for _ in range(20):
        check(random_layer(rng), phase, ArrayConfig(*size), rng)


@pytest.mark.parametrize(
    ("kernel", "rows", "groups", "passes"),
    [(7, 3, 6, 14), (5, 3, 6, 10), (3, 2, 6, 9), (3, 4, 8, 6), (7, 3, 7, 17), (3, 3, 5, 5), (7, 3, 2, 6)],
)
def test_mixed_rows_take_kernel_over_rows_passes(kernel, rows, groups, passes):
    """`passes` row groups in all: kernel * groups / rows where the rows divide the groups."""
    config = ArrayConfig(1, 1, rows, 2)
    layer = Layer(1, 2, 1, groups, 8, kernel, 1, kernel // 2)
    mapped = check(layer, Phase.FP, config, np.random.default_rng(kernel))
    taps = -(-kernel // 3)
    assert sum(len(each) for each in mapped) == passes * 8 * taps
    assert any(each.ports == Ports.MIXED for each in mapped) == (kernel % rows != 0 and groups >= rows)


def test_the_table_of_the_spec():
    """Cycles of the full array by the closed formulas of architecture.md Section 3, for shapes that fill it."""
    config = ArrayConfig()
    slots = 4 * 18 * 18 // 3  # four images of 18 rows, three rows a slot
    three, two = Layer(4, 32, 64, 18, 18, 3, 1, 1), Layer(4, 32, 64, 36, 36, 3, 2, 1)
    assert cycles(three, Phase.FP, config) == cycles(three, Phase.BP, config) == 8 * 4 * slots
    assert cycles(two, Phase.FP, config) == cycles(two, Phase.BP, config) == 8 * 4 * slots
    assert cycles(three, Phase.WG, config) == cycles(two, Phase.WG, config) == 8 * 4 * (slots + 7)
    one = Layer(4, 48, 72, 18, 18)
    assert cycles(one, Phase.FP, config) == 3 * 2 * slots
    assert cycles(one, Phase.BP, config) == 2 * 3 * slots
    assert cycles(one, Phase.WG, config) == 3 * 2 * (slots + 7)
    seven = Layer(4, 3, 64, 36, 36, 7, 2, 3)
    assert cycles(seven, Phase.FP, config) == 8 * slots * 7 // 3
    assert cycles(seven, Phase.WG, config) == 8 * 3 * (slots + 7)
    five = Layer(4, 32, 64, 18, 18, 5, 1, 2)
    assert cycles(five, Phase.FP, config) == cycles(five, Phase.BP, config) == 8 * 4 * 2 * slots * 5 // 3
    assert cycles(Layer(1, 72, 24), Phase.FP, config) == 3 * 8  # one slot, but eight cycles to load the next weights


def test_no_product_with_an_inserted_or_skipped_zero():
    """At stride 2 every lane of the full array carries a pixel of the tensor, and takes a quarter of the time."""
    config, rng = ArrayConfig(2, 3, 3, 4), np.random.default_rng(2)
    layer = Layer(2, 4, 4, 12, 12, 3, 2, 1)
    assert layer.macs == 2 * 4 * 6 * 6 * 4 * 9
    for phase in Phase:
        passes = check(layer, phase, config, rng)
        assert sum(len(each) for each in passes) * config.macs == layer.macs


def test_patterns_are_named():
    layer = Layer(1, 1, 1, 4, 4, 3, 2, 1)
    assert pattern(layer, Phase.BP) == Pattern.BP_S2 == "BP s2"
    assert pattern(Layer(1, 1, 1), Phase.WG) == Pattern.POINTWISE
    assert pattern(Layer(1, 1, 1, padding=1), Phase.WG) == Pattern.WG_S1


def test_passes_hold_what_the_phase_needs():
    layer = Layer(1, 1, 1)
    passes = map_layer(layer, Phase.FP, ArrayConfig(1, 1, 1, 1), x=np.zeros(layer.x_shape), w=np.zeros(layer.w_shape))
    assert isinstance(passes[0], StationaryPass)
    with pytest.raises(ValueError, match=r"WG needs e of shape \(1, 1, 1, 1\), not \(2,\)"):
        map_layer(layer, Phase.WG, ArrayConfig(), x=np.zeros(layer.x_shape), e=np.zeros(2))
