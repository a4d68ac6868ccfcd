# amaranth: UnusedElaboratable=no
"""The units of TaxoNN's convolutions against golden, one by one; size 1 is in the test of whole networks."""

from dataclasses import asdict

import pytest

from gen.verilog.emit import emit
from hw.arch.taxonn.config import Activation, FixedFormat, Rounding
from hw.arch.taxonn.maps import Convolution
from hw.taxonn.conv_sequencer import ConvSequencer
from hw.taxonn.map_buffer import MapBuffer
from hw.taxonn.output_stage import OutputStage
from hw.taxonn.pe import Pe
from hw.taxonn.row_sums import RowSums
from hw.taxonn.window_max import WindowMax
from hw.taxonn.window_mean import WindowMean
from sim.rtl.runner import simulate

FORM = FixedFormat(2, 12)
ONE = Convolution(1, 1, 1, 1, 1)
#: Padded beyond the input, many filters; three channels without padding.
SHAPES = [Convolution(3, 2, 1, 9, 3, 2, 2), Convolution(4, 5, 3, 2, 2)]


def run(component, test, maps=ONE, bench="sim.testbench.taxonn.conv", **parameters):
    parameters["maps"] = asdict(maps)
    simulate(top="unit", verilog=emit(component, "unit"), bench=bench, testcase=test, parameters=parameters)


@pytest.mark.parametrize("maps", SHAPES, ids=str)
def test_map_buffer(maps):
    run(MapBuffer(maps=maps, width=FORM.width, tag=3), "maps", maps)


def test_window_max():
    maps = Convolution(12, 12, 1, 1, 3, 0, 2)
    run(WindowMax(bits=20, out=24, lanes=3, window=4), "maxima", maps)


@pytest.mark.parametrize("side, lanes", [(3, 3), (1, 1)])
def test_window_mean(side, lanes):
    maps = Convolution(12, 12, 1, 1, lanes, 0, side, True)
    run(WindowMean(bits=20, out=26, lanes=lanes, window=side**2), "maxima", maps)


@pytest.mark.parametrize("maps", SHAPES, ids=str)
def test_row_sums(maps):
    run(RowSums(maps=maps, bits=20), "rows", maps)


@pytest.mark.parametrize("maps", [ONE, Convolution(3, 3, 1, 1, 1, 0, 3, True)], ids=str)
def test_output_stage(maps):
    bits = {"bits": 36, "error_bits": 30, "error_fraction": 20}
    mean = {"mean": maps.mean(FORM.width), "slope": maps.slope(FORM.fraction)}
    unit = OutputStage(size=7, kind=Activation.TANH, form=FORM, stochastic=True, **bits, **mean)
    run(unit, "stage", maps, size=7, kind=Activation.TANH, rounding="stochastic", fraction=20)


@pytest.mark.parametrize("maps, back", [(SHAPES[0], True), (SHAPES[1], False)], ids=str)
def test_sequencer(maps, back):
    idle = ConvSequencer.beats(maps) - maps.lane
    cycles = [
        ConvSequencer.forward_cycles(maps) - idle,
        ConvSequencer.back_cycles(maps) - ConvSequencer.ROW_GAP,
        ConvSequencer.update_cycles(maps) - 1,
    ]
    unit = ConvSequencer(maps=maps, back=back)
    gap = maps.filters + maps.kernel + ConvSequencer.SETTLE
    bench = "sim.testbench.taxonn.conv_sequencer"
    run(unit, "sequence", maps, bench, back=back, gap=gap, cycles=cycles)


@pytest.mark.parametrize("spread", [0, 4])
def test_pe(spread):
    sizes = {"inputs": 6, "outputs": 4, "form": FORM}
    unit = Pe(**sizes, training=True, rounding=Rounding.STOCHASTIC, kernel=True, spread=spread)
    parameters = {"inputs": 6, "outputs": 4, "spread": spread, "format": FORM, "training": True}
    parameters["rounding"] = Rounding.STOCHASTIC
    run(unit, "orders", bench="sim.testbench.taxonn.kernel", **parameters)
