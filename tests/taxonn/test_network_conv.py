# amaranth: UnusedElaboratable=no
"""Whole TaxoNN machines with convolutions against the golden network."""

import pytest

from gen.model.taxonn import NETS
from gen.verilog.emit import emit
from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from hw.arch.taxonn.maps import parse_layers
from hw.taxonn.conv_sequencer import ConvSequencer
from hw.taxonn.network import Network
from hw.taxonn.timing import step_cycles
from sim.rtl.runner import simulate
from sim.rtl.simulators import lint


def configuration(layers, activations, formats, rounding="stochastic", conversion="nearest"):
    sizes, convolutions = parse_layers(layers)
    forms = tuple(FixedFormat.parse(form) for form in formats.split("/"))
    return TaxonnConfig(sizes, tuple(activations.split(",")), forms, rounding, convolutions, conversion)


#: The second is the network of `test_convolutions_are_trained_by_the_verilog`, so that its build serves both.
CASES = {
    "sizes_1": ("1x1x1,conv1k1,1", "relu,linear", "1,4", "nearest", "nearest"),
    "padded_and_pooled": (
        "8x8x1,conv3k3p1,pool2,conv2k2,10",
        "tanh,relu,softmax",
        "2,12/1,10/3,10",
        "stochastic",
        "stochastic",
    ),
    "averaged": ("5x4x1,conv2k2p1,avg2,conv3k2,avg1,2", "tanh,relu,softmax", "2,12/1,10/3,10", "stochastic", "nearest"),
    "averaged_3": ("4x7x2,conv2k2,avg3,2", "sigmoid,linear", "1,9/8,16", "nearest", "nearest"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_network(case):
    config = configuration(*case)
    network = Network(config=config)
    verilog = emit(network, "taxonn")
    lint(top="taxonn", verilog=verilog)
    parameters = {
        "layers": case[0],
        "activations": config.activations,
        "formats": config.formats,
        "rounding": config.rounding,
        "conversion": config.conversion,
        "step_cycles": list(step_cycles(config).values()),
        "latency": network.latency,
    }
    simulate(top="taxonn", verilog=verilog, bench="sim.testbench.taxonn.taxonn", parameters=parameters)


def test_cycles_of_the_paper():
    """k d for every sum of the convolutions of LeNet-5, and 1 for the bias."""
    config = configuration(*NETS["lenet5"].__dict__.values())
    for maps, cycles in zip(config.convolutions, (5 * 1 * 28 * 28 + 1, 5 * 6 * 10 * 10 + 1), strict=True):
        assert ConvSequencer.forward_cycles(maps) == cycles
    assert step_cycles(config)["forward"] <= 3921 + 3001 + 120 + 84 + 10 + 150
