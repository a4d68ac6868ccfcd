"""Bench of the PE: its orders in turn with random gaps, against what golden's layer does with one row."""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.taxonn.config import NOISE_BITS, RATE_SHIFT, FixedFormat
from hw.arch.taxonn.order import Op, order_word
from sim.golden.taxonn.fixed import saturate, shift_round
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

FORM = FixedFormat.parse(PARAMETERS["format"])
INPUTS = PARAMETERS["inputs"]
TRAINING = PARAMETERS["training"]
STOCHASTIC = TRAINING and PARAMETERS["rounding"] == "stochastic"
LAYOUT = order_word(INPUTS, FORM)
LATENCY, OUTPUTS = 3, PARAMETERS["outputs"]


def signed(handle) -> int:
    word, bits = int(handle.value), len(handle)
    return word - (word >> bits - 1 << bits)


def put(handle, value: int):
    handle.value = int(value) & (1 << len(handle)) - 1


class Bench:
    """Gives orders to the PE, and remembers when what must come out."""

    def __init__(self, dut):
        self.dut, self.rng, self.cycle = dut, generator(), 0
        self.results, self.sums, self.chain, self.noise, self.columns = {}, {}, {}, {}, {}

    def code(self) -> int:
        """Return a random code, an extreme one at times."""
        if self.rng.random() < 0.2:
            return self.rng.choice([0, 1, -1, FORM.low, FORM.high])
        return self.rng.randint(FORM.low, FORM.high)

    async def order(self, op, column=0, x=0, first=0, last=0, noise=0, select=0, result=None, chain=None, total=None):
        """Give one order after a random gap, and check what is due.

        `result` is due on the bus; `chain` comes from the PE before for BACK, and `total` goes to the next. The column
        of an UPDATE comes one cycle later, its noise two.
        """
        while op != Op.NONE and self.rng.random() < 0.15:
            await self.order(Op.NONE, self.rng.randrange(INPUTS + 1), self.code(), 1, 1, select=1)
        dut, now = self.dut, self.cycle
        if result is not None:
            self.results[now + LATENCY] = result
        if chain is not None:
            self.chain[now + LATENCY - 1], self.sums[now + LATENCY] = chain, total
        if op == Op.UPDATE:
            self.columns[now + 1], self.noise[now + 2], column = column, noise, self.rng.randrange(INPUTS + 1)
        fields = {"column": self.columns.get(now, column), "x": x, "first": first, "last": last}
        dut.op.value, dut.select.value = op.value, select
        dut.word.value = LAYOUT.const(fields).as_bits()
        if TRAINING:
            put(dut.acc_i, self.chain.get(now, self.code()))
        if STOCHASTIC:
            dut.noise.value = self.noise.get(now, self.rng.getrandbits(NOISE_BITS))
        await ReadOnly()
        assert int(dut.result_valid.value) == (now in self.results), f"cycle {now}"
        assert signed(dut.result) == self.results.get(now, 0), f"cycle {now}"
        if TRAINING:
            assert int(dut.back_valid.value) == (now in self.sums), f"cycle {now}"
            assert now not in self.sums or signed(dut.acc) == self.sums[now], f"cycle {now}"
        await FallingEdge(dut.clk)
        assert (int(dut.op_o.value), int(dut.word_o.value)) == (op.value, LAYOUT.const(fields).as_bits())
        self.cycle += 1

    async def rest(self, cycles=LATENCY):
        """Give no order for some cycles."""
        for _ in range(cycles):
            await self.order(Op.NONE)

    async def infer(self, weights):
        """Multiply a row by inputs."""
        total = 0
        for column, weight in enumerate(weights):
            x, last = self.code(), column == INPUTS
            total += weight * x
            await self.order(Op.MULTIPLY, column, x, column == 0, last, result=total if last else None)
        await self.rest()

    def noise_about(self, exact: int, bits: int) -> int:
        """Return noise, mostly the least that rounds up or the greatest that rounds down."""
        up = shift_round(exact, bits, np.arange(1 << NOISE_BITS)) > exact >> bits
        least = int(up.argmax()) if up.any() else self.rng.getrandbits(NOISE_BITS)
        return max(self.rng.choice([least, least - 1, self.rng.getrandbits(NOISE_BITS)]), 0)

    async def train(self, weights):
        """Go through the steps; change the weights as golden does."""
        dut, gradient = self.dut, self.code()
        put(dut.gradient, gradient)
        await self.order(Op.LOAD)
        put(dut.gradient, self.code())
        for column, weight in enumerate(weights[:-1]):
            chain = self.code() * self.code() * (OUTPUTS - 1)
            await self.order(Op.BACK, column, 0, chain=chain, total=chain + gradient * weight)
        bits = FORM.fraction + RATE_SHIFT
        for column, weight in enumerate(weights):
            x = self.code()
            exact = (weight << bits) + gradient * x
            noise = self.noise_about(exact, bits)
            total = shift_round(exact, bits, np.int64(noise) if STOCHASTIC else None)
            weights[column] = int(saturate(total, FORM))
            await self.order(Op.UPDATE, column, x, noise=noise)
        await self.rest()


@cocotb.test()
async def orders(dut):
    unused = ({"acc_i": 0, "gradient": 0} if TRAINING else {}) | ({"noise": 0} if STOCHASTIC else {})
    await start(dut, op=0, word=0, select=0, **unused)
    bench = Bench(dut)
    weights = [0] * (INPUTS + 1)  # as the memory is at the beginning
    for _ in range(8):
        for column, before in enumerate(weights):
            weights[column] = value = bench.code()
            await bench.order(Op.WRITE, column, value, 1, select=1, result=value * before)
            await bench.order(Op.WRITE, column, bench.code(), 1, select=0)  # for another PE
        await bench.rest()
        for _ in range(8):
            await bench.infer(weights)
            if TRAINING and bench.rng.random() < 0.7:
                await bench.train(weights)
        for column, value in enumerate(weights):
            await bench.order(Op.READ, column, 1, 1, select=1, result=value)
            await bench.order(Op.READ, column, 1, 1, select=0)
        await bench.rest(LATENCY + 1)
    assert max(bench.results) < bench.cycle
