"""Bench of the MAC against golden products: all pairs of codes, long sums modulo 2^acc_bits, clear, enable, reset."""

from collections import deque

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from sim.golden.pint import decode
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, pint_format, start

PINT = pint_format()
#: Cycles from an operation to its sum.
LATENCY = PARAMETERS["latency"]
CODES = 1 << PINT.k
VALUES = decode(np.arange(CODES), PINT.k, PINT.d).tolist()
#: Cycles of a random test.
COUNT = PARAMETERS.get("count", 2000)
#: Most cycles of a sum that wraps.
LONGEST = 10_000


class Model:
    """Drives one operation a cycle and compares `acc` in every cycle."""

    def __init__(self, dut):
        self._dut = dut
        self._mask = (1 << len(dut.acc)) - 1
        self._acc = 0
        self._under_way = deque([(0, 0, 0)] * (LATENCY - 1))

    async def cycle(self, a, b, en, clear, rst=0):
        """Give one operation; check what is visible before it."""
        dut = self._dut
        await FallingEdge(dut.clk)
        acc = int(dut.acc.value)
        assert acc == self._acc & self._mask, f"acc is {acc:#x}, not {self._acc & self._mask:#x}"
        dut.a.value, dut.b.value, dut.en.value, dut.clear.value, dut.rst.value = a, b, en, clear, rst
        # What the coming edge does.
        self._under_way.append((en, clear, VALUES[a] * VALUES[b]))
        enabled, cleared, product = self._under_way.popleft()
        if rst:
            self._acc = 0
            self._under_way = deque([(0, 0, 0)] * (LATENCY - 1))
        elif enabled:
            self._acc = (0 if cleared else self._acc) + product

    async def finish(self):
        """Check all that is under way."""
        for _ in range(LATENCY):
            await self.cycle(0, 0, 0, 0)


async def begin(dut):
    await start(dut, a=0, b=0, en=0, clear=0)
    return Model(dut)


@cocotb.test()
async def all_pairs(dut):
    """Every product once, in random order; half of them alone, half of them added. COUNT of them for wide codes."""
    rng = generator()
    model = await begin(dut)
    pairs = range(CODES * CODES)
    for pair in rng.sample(pairs, len(pairs) if PINT.k <= 8 and COUNT >= len(pairs) else min(COUNT, len(pairs))):
        await model.cycle(pair // CODES, pair % CODES, 1, pair & 1)
    await model.finish()


@cocotb.test()
async def random_operations(dut):
    """Enable and clear at random, in stretches of different density; operands random or extreme."""
    rng = generator()
    model = await begin(dut)
    extremes = [VALUES.index(PINT.min), VALUES.index(PINT.max)]
    for _ in range(min(COUNT, 10_000) // 100):
        enable, clear = rng.choice([0.1, 0.5, 0.9, 1.0]), rng.choice([0.0, 0.02, 0.5])
        extreme = rng.choice([0.0, 0.5, 1.0])
        for _ in range(100):
            a, b = (rng.choice(extremes) if rng.random() < extreme else rng.randrange(CODES) for _ in range(2))
            await model.cycle(a, b, int(rng.random() < enable), int(rng.random() < clear))
    await model.finish()


@cocotb.test()
@cocotb.parametrize(sign=[1, -1])
async def long_sum(dut, sign):
    """A sum of the largest products, past the end of the accumulator where that takes few enough cycles."""
    model = await begin(dut)
    a = VALUES.index(PINT.min)
    b = a if sign > 0 else VALUES.index(PINT.max)
    cycles = (1 << (len(dut.acc) - 1)) // abs(VALUES[a] * VALUES[b]) + 100
    for _ in range(min(cycles, LONGEST if cycles <= LONGEST else COUNT)):
        await model.cycle(a, b, 1, 0)
    await model.finish()


@cocotb.test()
async def reset(dut):
    """A reset clears the sum at once and drops what is under way, also what comes with it."""
    rng = generator()
    model = await begin(dut)
    for _ in range(min(COUNT, 10_000) // 4):
        await model.cycle(rng.randrange(CODES), rng.randrange(CODES), rng.getrandbits(1), 0, int(rng.random() < 0.15))
    await model.finish()
