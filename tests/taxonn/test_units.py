# amaranth: UnusedElaboratable=no
"""The units of TaxoNN against golden, one by one."""

import pytest

from gen.verilog.emit import emit
from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.curves import Curve
from hw.taxonn.activation import ActivationUnit
from hw.taxonn.buffer import DoubleBuffer
from hw.taxonn.line import Line
from hw.taxonn.loss import LossUnit
from hw.taxonn.multiplier import GlobalMultiplier
from hw.taxonn.noise import Noise
from hw.taxonn.rescale import Rescale
from hw.taxonn.scale import Scale
from sim.rtl.runner import simulate

FORMATS = [FixedFormat(1, 4), FixedFormat(2, 12), FixedFormat(8, 16)]


def run(component, test, form=FORMATS[1], **parameters):
    simulate(
        top="unit",
        verilog=emit(component, "unit"),
        bench="sim.testbench.taxonn.units",
        testcase=test,
        parameters={"format": form, **parameters},
    )


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
@pytest.mark.parametrize("fraction, form", [(24, FORMATS[1]), (8, FORMATS[2]), (9, FORMATS[0]), (4, FORMATS[0])])
def test_rescale(fraction, form, rounding):
    unit = Rescale(bits=30, fraction=fraction, form=form, stochastic=rounding == "stochastic")
    run(unit, "rescaling", form, fraction=fraction, rounding=rounding)


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_multiplier(form):
    run(GlobalMultiplier(form=form), "multiplication", form)


def test_scale():
    run(Scale(form=FORMATS[1]), "scaling")


@pytest.mark.parametrize("form", FORMATS, ids=str)
@pytest.mark.parametrize("kind", list(Curve))
def test_line(kind, form):
    bits = {"integer": form.integer, "fraction": form.fraction, "out": form.fraction}
    run(Line(curve=kind, **bits), "lines", form, kind=kind)


@pytest.mark.parametrize("form", FORMATS[:2], ids=str)
@pytest.mark.parametrize("kind", list(Activation))
def test_activation(kind, form):
    unit = ActivationUnit(kind=kind, form=form)
    run(unit, "activations", form, kind=kind, latency=unit.latency)


@pytest.mark.parametrize("kind, size", [(0, 1), (1, 5), (0, 70), (0, 4100)])
def test_noise(kind, size):
    run(Noise(kind=kind, count=size), "noises", kind=kind, size=size)


@pytest.mark.parametrize("form, size", [(FORMATS[0], 1), (FORMATS[1], 10), (FORMATS[2], 3)])
@pytest.mark.parametrize("kind", [Activation.SOFTMAX, Activation.SIGMOID])
def test_loss(kind, form, size):
    run(LossUnit(size=size, kind=kind, form=form), "losses", form, kind=kind, size=size)


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_buffer(size):
    run(DoubleBuffer(count=size, width=FORMATS[1].width, tag=3), "buffers", size=size)
