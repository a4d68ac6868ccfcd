# amaranth: UnusedElaboratable=no
"""The PE of TaxoNN, with and without training, against golden."""

import pytest

from gen.verilog.emit import emit
from hw.arch.taxonn.config import FixedFormat, Rounding
from hw.taxonn.pe import Pe
from sim.rtl.runner import simulate
from sim.rtl.simulators import lint


def pe(inputs=6, outputs=4, form="2,12", training=True, rounding=Rounding.STOCHASTIC):
    form = FixedFormat.parse(form)
    return Pe(inputs=inputs, outputs=outputs, form=form, training=training, rounding=rounding)


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("inputs, outputs, form", [(1, 1, "1,4"), (6, 4, "2,12"), (3, 9, "8,16")])
def test_training_pe(inputs, outputs, form, rounding):
    verilog = emit(pe(inputs, outputs, form, rounding=rounding), "pe")
    lint(top="pe", verilog=verilog)
    parameters = {"inputs": inputs, "outputs": outputs, "format": form, "training": True, "rounding": rounding}
    simulate(top="pe", verilog=verilog, bench="sim.testbench.taxonn.pe", parameters=parameters)


@pytest.mark.parametrize("inputs, form", [(1, "1,4"), (6, "2,12")])
def test_baseline_pe(inputs, form):
    verilog = emit(pe(inputs, 1, form, training=False), "pe")
    parameters = {"inputs": inputs, "outputs": 1, "format": form, "training": False}
    simulate(top="pe", verilog=verilog, bench="sim.testbench.taxonn.pe", parameters=parameters)


def test_latency():
    assert Pe.LATENCY == 3


@pytest.mark.parametrize("training", [False, True])
def test_one_multiplier(training):
    verilog = emit(pe(training=training), "pe")
    assert verilog.count(" * ") == 1
