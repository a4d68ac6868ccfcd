"""Bench of two models of the DSP48E1 side by side: every output of a cascade, in every cycle."""

import cocotb
from cocotb.triggers import FallingEdge

from hw.arch.array.cell import AddTo
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

#: Cycles.
COUNT = PARAMETERS.get("count", 20000)


@cocotb.test()
async def same_outputs(dut):
    rng = generator()
    operand = len(dut.a_head)
    await start(dut, a_head=0, a_tail=0, b=0, control_head=0, control_tail=0, clear=0)
    extremes = [0, 1, (1 << operand) - 1, 1 << (operand - 1), (1 << (operand - 1)) - 1]
    sums = set()
    for _ in range(COUNT):
        await FallingEdge(dut.clk)
        assert dut.result.value == dut.result_reference.value
        sums.add(int(dut.result.value))
        for port in (dut.a_head, dut.a_tail, dut.b):
            port.value = rng.getrandbits(operand) if rng.random() < 0.8 else rng.choice(extremes)
        for port in (dut.control_head, dut.control_tail):
            multiply, loads, add_to = rng.getrandbits(1), rng.getrandbits(2), rng.choice(list(AddTo)).value
            port.value = multiply | add_to << 1 | loads << 3
        dut.clear.value = int(rng.random() < 0.02)
    assert len(sums) > COUNT // 2
