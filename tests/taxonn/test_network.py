# amaranth: UnusedElaboratable=no
"""The whole TaxoNN machine against the golden network, over sizes, formats and activations."""

import random
from itertools import pairwise

import pytest

from gen.verilog.emit import emit
from hw.arch.taxonn.config import Activation, FixedFormat, TaxonnConfig
from hw.taxonn.network import Network
from hw.taxonn.timing import step_cycles
from sim.rtl.parameters import SEED
from sim.rtl.runner import simulate
from sim.rtl.simulators import lint


def configuration(layers, activations, formats, rounding, conversion="nearest"):
    forms = tuple(FixedFormat.parse(form) for form in formats.split("/"))
    return TaxonnConfig(layers, activations, forms, rounding, conversion=conversion)


def random_configuration(number):
    """A network of random depth, sizes, formats and activations."""
    rng = random.Random(f"{SEED} {number}")
    depth = rng.randint(1, 3)
    kinds = list(Activation)[:-1]
    return configuration(
        tuple(rng.randint(1, 9) for _ in range(depth + 1)),
        [rng.choice(kinds) for _ in range(depth - 1)] + [rng.choice(list(Activation))],
        "/".join(f"{rng.randint(1, 8)},{rng.randint(4, 16)}" for _ in range(depth)),
        rng.choice(["nearest", "stochastic"]),
        rng.choice(["nearest", "stochastic"]),
    )


CASES = {
    "sizes_1": configuration((1, 1), ["softmax"], "1,4", "stochastic"),
    "sizes_1_deep": configuration((1, 1, 1, 1), ["relu", "tanh", "sigmoid"], "1,4/8,16/2,5", "nearest", "stochastic"),
    "narrow_wide": configuration((2, 9, 4, 1, 7), ["sigmoid"] * 4, "2,12/1,11/3,10/1,13", "stochastic", "stochastic"),
    "softmax": configuration((5, 4, 3), ["tanh", "softmax"], "2,12/3,10", "stochastic"),
    "nearest": configuration((9, 2, 4, 3), ["relu", "linear", "softmax"], "3,10/2,12/4,10", "nearest"),
    "random_0": random_configuration(0),
    "random_1": random_configuration(1),
    "random_2": random_configuration(2),
}


@pytest.mark.parametrize("config", CASES.values(), ids=CASES)
def test_network(config):
    print(config)
    network = Network(config=config)
    verilog = emit(network, "taxonn")
    lint(top="taxonn", verilog=verilog)
    simulate(
        top="taxonn",
        verilog=verilog,
        bench="sim.testbench.taxonn.taxonn",
        parameters={
            "layers": ",".join(map(str, config.layers)),
            "activations": config.activations,
            "formats": config.formats,
            "rounding": config.rounding,
            "conversion": config.conversion,
            "step_cycles": list(step_cycles(config).values()),
            "latency": network.latency,
        },
    )


def test_cycles_of_the_paper():
    """Forward at most N_{i-1} + N_i a layer, backward N_n + N_1 + .. + N_n, each and a constant a layer."""
    for layers in [(64, 32, 10), (64, 320, 10), (640, 320, 100)]:
        config = configuration(layers, ["sigmoid", "softmax"], "2,12/3,10", "stochastic")
        cycles, depth = step_cycles(config), config.depth
        assert cycles["forward"] <= sum(a + b for a, b in pairwise(layers)) + 13 * depth
        assert cycles["backward"] <= layers[-1] + sum(layers[1:]) + 15 + 7 * depth
        assert cycles["update"] == max(layers[0] - layers[1] + 5, 0)


def test_same_bytes_twice():
    config = CASES["softmax"]
    assert emit(Network(config=config), "taxonn") == emit(Network(config=config), "taxonn")
