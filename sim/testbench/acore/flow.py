"""Bench of the beats of an APU: how many a map has, of every size up to the largest.

`lanes` is the number of lanes.
"""

import cocotb
from cocotb.triggers import FallingEdge
from cocotb.utils import get_sim_time

from hw.arch.acore.chain import Addend, Chain
from hw.arch.acore.sizes import COUNT_BITS
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import start

LANES = PARAMETERS["lanes"]


@cocotb.test()
async def beats(dut):
    """With all streams ready, a map takes a beat a cycle, and cycles beside that do not depend on its size."""
    chain = Chain.encode({"code_o": 1, "wide": 1, "addend": Addend.FRONT}, partial=True)
    await start(dut, launch=0, count=1, group=1, chain=chain, offered=15, drained=15, pushed=0)
    counts = [1, 2, 4, 5, *((1 << n) - 1 for n in range(2, COUNT_BITS + 1))]
    groups = [3, *((1 << n) - 1 for n in range(2, 13)), 4096]
    beside = None
    for count, group in [*((count, 1) for count in counts), *((LANES + 1, group) for group in groups)]:
        dut.count.value, dut.group.value, dut.launch.value = count, group, 1
        await FallingEdge(dut.clk)
        dut.launch.value = 0
        begin = get_sim_time("ns")
        await FallingEdge(dut.active)
        found = round(get_sim_time("ns") - begin) // 2 - -(-count // LANES) * group
        beside = found if beside is None else beside
        assert found == beside, f"{count} windows of {group}: {found} cycles beside the beats, not {beside}"
        await FallingEdge(dut.clk)
