# amaranth: UnusedElaboratable=no
"""The units of an APU that are no lane, one by one."""

import pytest

from gen.emit import emit
from hw.acore.scalar import Scalar
from sim.benches.acore_programs import random_code
from sim.runner import simulate


@pytest.mark.parametrize("seed", [1, 2])
def test_random_programs(seed):
    verilog = emit(Scalar(code=tuple(random_code(seed))), "scalar")
    simulate(top="scalar", verilog=verilog, bench="sim.benches.acore_scalar", env={"CODE": str(seed), "STARTS": "25"})
