"""Bench of the noise of a lane: the random numbers of maps against golden's, in order and from the rings."""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from sim.golden.random import random16
from sim.testbench.acore.operands import packed
from sim.testbench.streams import generator, start


@cocotb.test()
async def noise(dut):
    """Numbers of the elements of maps, in order, read from the ring after the last; the lane holds at random."""
    await start(dut, enable=0, control=0)
    rng = generator()
    written = 0
    for _ in range(40):
        keys, first, stride = [rng.getrandbits(64) for _ in range(2)], rng.getrandbits(32), rng.getrandbits(32)
        count = rng.randrange(1, 32)
        begin, issued = written, 0
        state = {"clear": 0, "load": 0, "way": 0, "issue": 0}

        async def cycle(enable, read=(0, 0), keys=keys, state=state):
            nonlocal written
            await FallingEdge(dut.clk)
            dut.enable.value = int(enable)
            dut.control.value = packed(
                (state["clear"], 1),
                (state["load"], 1),
                (state["way"], 32),
                (state["issue"], 1),
                *((key, 64) for key in keys),
                (written, 5),
                *((address, 5) for address in read),
            )
            await ReadOnly()
            written += int(dut.pushed.value)
            return int(dut.random16.value)

        state["clear"] = 1
        await cycle(True)
        state |= {"clear": 0, "load": 1, "way": first}
        await cycle(rng.random() < 0.5)
        state |= {"load": 0, "way": stride}
        while issued < count:
            enable, state["issue"] = rng.random() < 0.8, int(rng.random() < 0.8)
            await cycle(enable)
            issued += enable and state["issue"]
        state["issue"] = 0
        while written < begin + count:
            await cycle(rng.random() < 0.8)
        for n in range(count):
            index = (first + n * stride) & 0xFFFFFFFF
            other = rng.randrange(count)
            places = [(index, n), ((first + other * stride) & 0xFFFFFFFF, other)]
            word = await cycle(True, [begin + place for _, place in places])
            for (element, _), key, got in zip(places, keys, (word & 0xFFFF, word >> 16), strict=True):
                expected = int(random16(np.array(element), key))
                assert got == expected, f"index {element:#x}, key {key:#x}: {got:#x}, not {expected:#x}"
