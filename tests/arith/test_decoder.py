# amaranth: UnusedElaboratable=no
"""The decoder: every code of every legal format."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from gen.verilog.emit import emit
from hw.arch.pint import PintFormat
from hw.arith.decoder import Decoder
from sim.golden.pint import decode
from sim.rtl.runner import simulate

FORMATS = [PintFormat(k=k, d=d) for k in range(4, 11) for d in range(1, k - 2)]


@pytest.mark.parametrize("pint", FORMATS, ids=str)
def test_all_codes(pint):
    dut = Decoder(pint=pint)
    codes = np.arange(1 << pint.k).tolist()
    values = []

    async def bench(ctx):
        for code in codes:
            ctx.set(dut.code, code)
            values.append(ctx.get(dut.value))

    simulator = Simulator(dut)
    simulator.add_testbench(bench)
    simulator.run()
    assert values == decode(codes, pint.k, pint.d).tolist()


@pytest.mark.parametrize("pint", [(8, 3), (4, 1), (10, 7)])
def test_all_codes_as_verilog(pint):
    verilog = emit(Decoder(pint=PintFormat(*pint)), "decoder")
    simulate(top="decoder", verilog=verilog, bench="sim.testbench.arith.decoder", parameters={"pint": pint})


def test_init_wrong_pint():
    with pytest.raises(TypeError, match=r"^Decoder pint must be a PintFormat, not \(8, 3\)$"):
        Decoder(pint=(8, 3))
