"""Bench of the runner's own test: a counter that adds `d` each cycle, and tests that must fail."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

from sim.rtl.parameters import PARAMETERS


@cocotb.test()
async def counts(dut):
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value, dut.d.value = 1, 0
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    expected = 0
    for _ in range(50):
        assert dut.q.value.to_unsigned() == expected
        dut.d.value = step = random.randrange(256)
        expected = (expected + step) % 256
        await FallingEdge(dut.clk)


@cocotb.test()
async def counts_wrong(dut):
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value = 1
    await FallingEdge(dut.clk)
    assert dut.q.value.to_unsigned() == 1


@cocotb.test()
async def reads_parameters(dut):
    expected = {"value": 17, "format": "2,12", "sizes": [1, 2]}
    assert {name: PARAMETERS[name] for name in expected} == expected  # A mutant has its number beside them.


@cocotb.test()
async def hangs(dut):
    while True:
        await Timer(1, "ns")
