"""Bench of a PE of a convolution: its orders in turn with random gaps, against golden's arithmetic."""

import cocotb
import numpy as np

from hw.arch.taxonn.config import NOISE_BITS, RATE_SHIFT
from hw.arch.taxonn.order import Op
from sim.golden.taxonn.fixed import rescale, saturate, shift_round
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import start
from sim.testbench.taxonn.pe import FORM, INPUTS, OUTPUTS, STOCHASTIC, Bench, put

#: Fraction bits of G beyond F.
SPREAD = PARAMETERS.get("spread", 0)


class KernelBench(Bench):
    """The bench of a PE, with G for every order."""

    async def graded(self, op, gradient: int, *where, **due):
        """Give an order with its G on the bus."""
        put(self.dut.gradient, gradient)
        await self.order(op, *where, **due)
        put(self.dut.gradient, self.code())

    async def train(self, weights):
        """Multiply the row by G, then update it by sums of products."""
        for column, weight in enumerate(weights[:-1]):
            gradient, chain = self.code(), self.code() * self.code() * (OUTPUTS - 1)
            await self.graded(Op.BACK, gradient, column, 0, chain=chain, total=chain + gradient * weight)
        bits = FORM.fraction + RATE_SHIFT
        for column, weight in enumerate(weights):
            count, total = self.rng.randint(1, OUTPUTS), 0
            for number in range(count):
                x, gradient = self.code(), self.code() if self.rng.random() < 0.5 else 0
                total += x * gradient
                await self.graded(Op.LOAD, gradient, column, x, number == 0, number == count - 1)
            await self.rest(1)
            step, rate, noise = (
                int(rescale(total, 2 * FORM.fraction + SPREAD, FORM)),
                self.code(),
                self.rng.getrandbits(NOISE_BITS),
            )
            total = shift_round((weight << bits) + rate * step, bits, np.int64(noise) if STOCHASTIC else None)
            weights[column] = int(saturate(total, FORM))
            await self.order(Op.UPDATE, column, rate, noise=noise)
            await self.rest(1)
        await self.rest()


@cocotb.test()
async def orders(dut):
    await start(dut, op=0, word=0, select=0, acc_i=0, gradient=0, **({"noise": 0} if STOCHASTIC else {}))
    bench = KernelBench(dut)
    weights = [bench.code() for _ in range(INPUTS + 1)]
    for column, value in enumerate(weights):
        await bench.order(Op.WRITE, column, value, 1, select=1, result=0)
    await bench.rest()
    for _ in range(40):
        await bench.infer(weights)
        await bench.train(weights)
    for column, value in enumerate(weights):
        await bench.order(Op.READ, column, 1, 1, select=1, result=value)
    await bench.rest()
