"""Trains the TaxoNN machine as fast as a bench can: few cocotb calls a word, none while nothing moves.

`program` is a file of arrays from :mod:`sim.engine.taxonn`, `result` what becomes of them; the number
of samples that went in is appended to `progress` from time to time.
"""

from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

from hw.arch.taxonn.registers import LayerRegister, Register, layer_register
from sim.rtl.parameters import PARAMETERS

#: Samples between two lines of progress.
_REPORT = 50


class Port:
    """AXI4-Lite, one access at a time; everything is driven at the falling edge."""

    def __init__(self, dut):
        self.dut = dut
        dut.s_axil_bready.value = dut.s_axil_rready.value = 1
        dut.s_axil_wstrb.value = 15

    async def write(self, address: int, value: int):
        """Write one word."""
        dut = self.dut
        dut.s_axil_awaddr.value, dut.s_axil_wdata.value = address, value & 0xFFFFFFFF
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 1
        await FallingEdge(dut.clk)
        dut.s_axil_awvalid.value = dut.s_axil_wvalid.value = 0
        await RisingEdge(dut.s_axil_bvalid)
        await FallingEdge(dut.clk)
        assert not int(dut.s_axil_bresp.value), f"write of {address:#x}"
        await FallingEdge(dut.clk)

    async def read(self, address: int) -> int:
        """Read one word, as signed."""
        dut = self.dut
        dut.s_axil_araddr.value, dut.s_axil_arvalid.value = address, 1
        await FallingEdge(dut.clk)
        dut.s_axil_arvalid.value = 0
        await RisingEdge(dut.s_axil_rvalid)
        await FallingEdge(dut.clk)
        assert not int(dut.s_axil_rresp.value), f"read of {address:#x}"
        word = int(dut.s_axil_rdata.value)
        await FallingEdge(dut.clk)
        return word - (word >> 31 << 32)


async def begin(dut) -> Port:
    """Start the clock and reset."""
    for name in ("s_axil_awvalid", "s_axil_wvalid", "s_axil_arvalid", "s_axis_sample_tvalid", "s_axis_sample_tlast"):
        getattr(dut, name).value = 0
    dut.m_axis_result_tready.value = 1
    port = Port(dut)
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value = 1
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await FallingEdge(dut.clk)
    return port


async def feed(dut, samples: list[list[int]], users: list[int], report):
    """Send samples; the machine takes the words of one without a pause once it takes the first."""
    for number, (words, user) in enumerate(zip(samples, users, strict=True)):
        if not int(dut.s_axis_sample_tready.value):
            await RisingEdge(dut.s_axis_sample_tready)
            await FallingEdge(dut.clk)
        dut.s_axis_sample_tuser.value = user
        dut.s_axis_sample_tvalid.value = 1
        for word in words:
            dut.s_axis_sample_tdata.value = word
            await FallingEdge(dut.clk)
        dut.s_axis_sample_tvalid.value = 0
        if number % _REPORT == 0:
            report(number)


async def take(dut, count: int, size: int) -> list[int]:
    """Return the number of the greatest output of each of `count` samples."""
    bits, best = len(dut.m_axis_result_tdata), []
    for _ in range(count):
        outputs = []
        while len(outputs) < size:
            if not int(dut.m_axis_result_tvalid.value):
                await RisingEdge(dut.m_axis_result_tvalid)
                await FallingEdge(dut.clk)
            word = int(dut.m_axis_result_tdata.value)
            outputs.append(word - (word >> bits - 1 << bits))
            await FallingEdge(dut.clk)
        best.append(outputs.index(max(outputs)))
    return best


@cocotb.test()
async def train(dut):
    program = np.load(PARAMETERS["program"])
    progress = Path(PARAMETERS["progress"])
    depth, mask = int(program["depth"]), (1 << len(dut.s_axis_sample_tdata)) - 1
    port = await begin(dut)
    for i in range(depth):
        for address, value in zip(program[f"addresses_{i}"].ravel(), program[f"weights_{i}"].ravel(), strict=True):
            await port.write(int(address), int(value))
        for register, value in zip(LayerRegister, [0, *program["keys"][i].tolist()], strict=True):
            await port.write(layer_register(i, register), value)
    await port.write(Register.RESTART, 0)
    size, sent, best = len(program[f"weights_{depth - 1}"]), 0, []

    async def run(x, users):
        nonlocal sent
        before = sent

        def report(number):
            with progress.open("a") as file:
                file.write(f"{before + number}\n")

        taking = cocotb.start_soon(take(dut, len(x), size))
        await feed(dut, (x & mask).tolist(), users.tolist(), report)
        sent += len(x)
        best.extend(await taking)
        while await port.read(Register.STATUS):
            pass

    for epoch, rates in enumerate(program["rates"]):
        for i, rate in enumerate(rates.tolist()):
            await port.write(layer_register(i, LayerRegister.RATE), rate)
        order = program["orders"][epoch]
        await run(program["x"][order], program["labels"][order] << 1 | 1)
    cycles = [await port.read(register) for register in list(Register)[2:]]
    await run(program["test"], np.zeros(len(program["test"]), np.int64))
    weights = {}
    for i in range(depth):
        addresses = program[f"addresses_{i}"]
        words = [await port.read(int(address)) for address in addresses.ravel()]
        weights[f"weights_{i}"] = np.array(words).reshape(addresses.shape)
    np.savez(PARAMETERS["result"], best=np.array(best), cycles=np.array(cycles), **weights)
