# amaranth: UnusedElaboratable=no
"""The sequencer of a TaxoNN layer, alone."""

import pytest

from gen.verilog.emit import emit
from hw.taxonn.sequencer import Sequencer
from sim.rtl.runner import simulate


@pytest.mark.parametrize("inputs, outputs, back", [(1, 9, False), (4, 2, True)])
def test_sequencer(inputs, outputs, back):
    verilog = emit(Sequencer(inputs=inputs, outputs=outputs, back=back), "sequencer")
    gap = max(outputs - inputs - 1, 0) + Sequencer.SETTLE
    parameters = {"inputs": inputs, "back": back, "gap": gap}
    simulate(top="sequencer", verilog=verilog, bench="sim.testbench.taxonn.sequencer", parameters=parameters)
