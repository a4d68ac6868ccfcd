"""Bench of one fully connected layer: inputs, errors and credits come at random, all that leaves it is golden's."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.taxonn.config import Activation, FixedFormat, Rounding
from sim.golden.taxonn.fixed import rescale
from sim.golden.taxonn.layer import FcLayer
from sim.golden.taxonn.loss import output_gradient
from sim.golden.taxonn.noise import ERROR, INPUT, NOISE_HALF, element_noise, layer_key
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start
from sim.testbench.taxonn.units import put, signed

INPUTS, OUTPUTS = PARAMETERS["inputs"], PARAMETERS["outputs"]
FORM, KIND = FixedFormat.parse(PARAMETERS["format"]), Activation(PARAMETERS["kind"])
SOURCE = FixedFormat.parse(PARAMETERS["source"]) if PARAMETERS["source"] else None
FRACTION = PARAMETERS["error_fraction"] or 0
ROUNDING, CONVERSION = (Rounding(PARAMETERS[name]) for name in ("rounding", "conversion"))
SAMPLES, CREDITS = 12, 2


class Bench:
    """The neighbours of the layer, and golden beside it."""

    def __init__(self, dut):
        self.dut, self.rng = dut, generator()
        self.np = np.random.default_rng(self.rng.getrandbits(32))
        ends = self.np.choice([FORM.low, FORM.high], (OUTPUTS, INPUTS + 1))
        usual = self.np.integers(-FORM.one, FORM.one + 1, (OUTPUTS, INPUTS + 1))
        self.golden = FcLayer(np.where(self.np.random(usual.shape) < 0.1, ends, usual), KIND, FORM)
        self.seed, self.rate = self.rng.getrandbits(64), self.rng.randint(1, FORM.high)
        self.inputs, self.outputs, self.sums = [], [], []  # what goes in, and what must come out
        self.errors: list[list[int]] = []
        self.freed = self.taken = 0

    def plan(self):
        """Have golden do all samples."""
        key, step = layer_key(self.seed, 1), 0
        stochastic = ROUNDING == Rounding.STOCHASTIC
        form = SOURCE or FORM
        for _ in range(SAMPLES):
            train, label = self.rng.random() < 0.7, self.rng.randrange(OUTPUTS)
            x = self.np.integers(form.low, form.high + 1, INPUTS) >> self.rng.randrange(form.width)
            self.inputs.append((x.tolist(), train, label))
            noise = None
            if CONVERSION == Rounding.STOCHASTIC:
                noise = element_noise(key, step, INPUT, INPUTS) if train else NOISE_HALF
            x = rescale(x, form.fraction, FORM, noise)
            y, slope = self.golden.forward(x)
            self.outputs += y.tolist()
            if not train:
                continue
            if FRACTION:
                bits = len(self.dut.error)
                error = self.np.integers(-(1 << bits - 1), 1 << bits - 1, OUTPUTS) >> self.rng.randrange(bits)
                self.errors.append(error.tolist())
                noise = element_noise(key, step, ERROR, OUTPUTS) if stochastic else None
                gradient = self.golden.gradient(error, FRACTION, slope, noise)
            else:
                gradient = output_gradient(KIND, y, slope, label, FORM)
            self.sums += self.golden.back_sums(gradient).tolist() if SOURCE else []
            noise = self.golden.weight_noise(key, step) if stochastic else None
            self.golden.update(x, gradient, self.rate, noise)
            step += 1

    async def cycle(self):
        """Let a cycle pass; take what comes out."""
        dut = self.dut
        await ReadOnly()
        self.freed += int(dut.free.value)
        if int(dut.o_valid.value):
            assert signed(dut.o) == self.outputs.pop(0)
            self.taken += 1
        if SOURCE and int(dut.sums_valid.value):
            assert signed(dut.sums) == self.sums.pop(0)
        await FallingEdge(dut.clk)

    async def access(self, row, column, value=None):
        """Write a weight, or read it where there is no value."""
        dut = self.dut
        dut.request.value, dut.read.value, dut.row.value, dut.column.value = 1, int(value is None), row, column
        put(dut.value, value or 0)
        while True:
            await ReadOnly()
            done, answer = int(dut.acknowledge.value), signed(dut.answer)
            await FallingEdge(dut.clk)
            if done:
                dut.request.value = 0
                return answer

    async def feed(self):
        """Offer the inputs word by word, no more samples than are freed."""
        dut = self.dut
        for number, (x, train, label) in enumerate(self.inputs):
            for value in x:
                while self.rng.random() < 0.3 or number >= self.freed + CREDITS:
                    dut.i_valid.value = 0
                    await FallingEdge(dut.clk)
                dut.i_valid.value = 1
                put(dut.i, value)
                dut.i_tag.value = label << 1 | train
                while True:
                    await ReadOnly()
                    taken = SOURCE is not None or int(dut.i_ready.value)
                    await FallingEdge(dut.clk)
                    if taken:
                        break
        dut.i_valid.value = 0

    async def answer(self):
        """Give errors back for samples that train, and credits, some time after the outputs."""
        dut = self.dut
        for number, (_, train, _) in enumerate(self.inputs):
            while self.taken < (number + 1) * OUTPUTS:
                await FallingEdge(dut.clk)
            for _ in range(self.rng.randint(4, 40)):
                await FallingEdge(dut.clk)
            if FRACTION and train:
                dut.error_valid.value = 1
                for error in self.errors.pop(0):
                    put(dut.error, error)
                    await FallingEdge(dut.clk)
                dut.error_valid.value = 0
            dut.credit.value = 1
            await FallingEdge(dut.clk)
            dut.credit.value = 0


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def trains(dut):
    names = ["i_valid", "i", "i_tag", "credit", "rate", "key", "restart", "request", "read", "row", "column", "value"]
    first: dict[str, Any] = dict.fromkeys([*names, *(["error_valid", "error"] if FRACTION else [])], 0)
    await start(dut, **first)
    bench = Bench(dut)
    for (row, column), value in np.ndenumerate(bench.golden.weights):
        await bench.access(row, column, int(value))
    bench.plan()
    put(dut.rate, -bench.rate)
    dut.key.value, dut.restart.value = layer_key(bench.seed, 1), 1
    for _ in range(2 * NOISE_ROUNDS):
        await FallingEdge(dut.clk)
    dut.restart.value = 0
    for _ in range(NOISE_ROUNDS + 2):  # The layer before starts no sooner.
        await FallingEdge(dut.clk)
    feeding, answering = cocotb.start_soon(bench.feed()), cocotb.start_soon(bench.answer())
    while bench.freed < SAMPLES or not int(dut.idle.value):
        await bench.cycle()
    await feeding
    await answering
    assert (bench.outputs, bench.sums, bench.errors) == ([], [], [])
    for (row, column), value in np.ndenumerate(bench.golden.weights):
        assert await bench.access(row, column) == value, f"weight {row}, {column}"
