# amaranth: UnusedElaboratable=no
"""A fully connected TaxoNN layer alone, as first and as middle one."""

import pytest

from gen.verilog.emit import emit
from hw.arch.taxonn.config import Activation, FixedFormat
from hw.taxonn.layer import FcLayer
from sim.rtl.runner import simulate

CASES = {
    "first": (1, 1, "2,12", "relu", None, 36, 24, "stochastic", "nearest"),
    "middle": (4, 3, "1,9", "sigmoid", "2,12", 30, 20, "stochastic", "stochastic"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_layer(case):
    inputs, outputs, form, kind, source, bits, fraction, rounding, conversion = case
    layer = FcLayer(
        inputs=inputs,
        outputs=outputs,
        classes=outputs,
        form=FixedFormat.parse(form),
        kind=Activation(kind),
        source=source and FixedFormat.parse(source),
        error_bits=bits,
        error_fraction=fraction,
        rounding=rounding,
        conversion=conversion,
    )
    parameters = {"inputs": inputs, "outputs": outputs, "format": form, "kind": kind, "source": source}
    parameters |= {"error_fraction": fraction, "rounding": rounding, "conversion": conversion}
    simulate(
        top="layer",
        verilog=emit(layer, "layer"),
        bench="sim.testbench.taxonn.layer",
        testcase="trains",
        parameters=parameters,
    )
