"""The units of TaxoNN, small ones, to be mutated."""

import functools
from dataclasses import asdict

from hw.arch.taxonn.config import Activation, FixedFormat, Rounding
from hw.arch.taxonn.maps import Convolution
from hw.taxonn.activation import ActivationUnit
from hw.taxonn.conv_sequencer import ConvSequencer
from hw.taxonn.loss import LossUnit
from hw.taxonn.map_buffer import MapBuffer
from hw.taxonn.output_stage import OutputStage
from hw.taxonn.pe import Pe
from hw.taxonn.row_sums import RowSums
from hw.taxonn.sequencer import Sequencer

from .design import Design

__all__ = ["TAXONN_DESIGNS"]

_FORM = FixedFormat(2, 6)
_MEAN = Convolution(3, 3, 1, 1, 1, 0, 3, True)
_MAPS = Convolution(3, 2, 2, 3, 3, 2, 2)


def _design(name, unit, bench, test=None, mutants=25, memories=False, **parameters) -> Design:
    """A unit alone, with one test of its bench or all."""
    module = f"sim.testbench.{bench}"
    return Design(f"taxonn-{name}", "unit", unit, module, mutants, parameters, memories=memories, testcase=test)


def _pe() -> Design:
    parameters = {"inputs": 3, "outputs": 4, "form": _FORM, "training": True, "rounding": Rounding.STOCHASTIC}
    return Design(
        "taxonn-pe",
        "pe",
        lambda: Pe(**parameters),
        "sim.testbench.taxonn.pe",
        40,
        {"inputs": 3, "outputs": 4, "format": _FORM, "training": True, "rounding": "stochastic"},
    )


def _sequencer() -> Design:
    return Design(
        "taxonn-sequencer",
        "sequencer",
        lambda: Sequencer(inputs=4, outputs=7, back=True),
        "sim.testbench.taxonn.sequencer",
        40,
        {"inputs": 4, "back": True, "gap": 7 - 4 - 1 + Sequencer.SETTLE},
    )


def _conv(name: str, unit, test: str, bench="taxonn.conv", **parameters) -> Design:
    """A unit of a convolution alone."""
    return _design(name, unit, bench, test, memories=True, maps=asdict(_MAPS), format=_FORM, **parameters)


def _conv_sequencer() -> Design:
    idle = ConvSequencer.beats(_MAPS) - _MAPS.lane
    cycles = (
        ConvSequencer.forward_cycles(_MAPS) - idle,
        ConvSequencer.back_cycles(_MAPS) - ConvSequencer.ROW_GAP,
        ConvSequencer.update_cycles(_MAPS) - 1,
    )
    gap = _MAPS.filters + _MAPS.kernel + ConvSequencer.SETTLE
    parameters = {"back": True, "cycles": cycles, "gap": gap}
    make = functools.partial(ConvSequencer, maps=_MAPS, back=True)
    return _conv("conv-sequencer", make, "sequence", "taxonn.conv_sequencer", **parameters)


#: Designs of TaxoNN.
TAXONN_DESIGNS = (
    _pe(),
    _sequencer(),
    _conv_sequencer(),
    _conv("maps", lambda: MapBuffer(maps=_MAPS, width=_FORM.width, tag=3), "maps"),
    _conv("rows", lambda: RowSums(maps=_MAPS, bits=12), "rows"),
    _design(
        "stage",
        lambda: OutputStage(
            size=3,
            kind=Activation.TANH,
            form=_FORM,
            bits=24,
            error_bits=18,
            error_fraction=12,
            stochastic=True,
            mean=_MEAN.mean(_FORM.width),
            slope=_MEAN.slope(_FORM.fraction),
        ),
        "taxonn.conv",
        "stage",
        format=_FORM,
        size=3,
        kind="tanh",
        rounding="stochastic",
        fraction=12,
        maps=asdict(_MEAN),
        memories=True,
    ),
    _design(
        "activation",
        lambda: ActivationUnit(kind=Activation.TANH, form=_FORM),
        "taxonn.units",
        "activations",
        format=_FORM,
        kind="tanh",
        latency=ActivationUnit.latency_of(Activation.TANH),
        memories=True,
    ),
    _design(
        "loss",
        lambda: LossUnit(size=3, kind=Activation.SOFTMAX, form=_FORM),
        "taxonn.units",
        "losses",
        format=_FORM,
        kind="softmax",
        size=3,
        memories=True,
    ),
)
