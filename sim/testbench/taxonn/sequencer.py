"""Bench of the sequencer: every order of every sample in its cycle, whatever stalls."""

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.taxonn.order import Op
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start
from sim.testbench.taxonn.between import Between

INPUTS, BACK, GAP = PARAMETERS["inputs"], PARAMETERS["back"], PARAMETERS["gap"]
SAMPLES = 40
NAMES = ("has", "train", "credit", "ready", "gradient", "request", "read", "acknowledge")


class Bench:
    """Plays buffer, multiplier, next layer and host, and holds the orders to what must come."""

    def __init__(self, dut):
        self.dut, self.rng = dut, generator()
        self.between = Between(dut, self.rng)
        self.cycle, self.sample, self.arrived, self.train = 0, 0, 0, True
        self.due: dict[int, tuple[Op, int | None]] = {}  # orders of BACK and UPDATE by cycle
        self.columns: dict[int, int] = {}
        self.biases = [0, 0]
        self.gradient_at = self.free_at = self.update_at = self.multiply_at = None
        self.multiplied, self.taken, self.forward = 0, False, None  # and the column of the forward phase

    def drive(self):
        """Set the inputs of a cycle; has goes with the index that is shown already."""
        rng, dut = self.rng, self.dut
        self.arrived += rng.random() < 0.4
        dut.has.value = int(self.arrived > int(dut.index.value))
        dut.train.value = int(self.train)
        dut.gradient.value = int(self.cycle == self.gradient_at)
        if self.cycle == self.gradient_at:
            self.plan()
        self.between.drive(self.cycle)

    def follow(self, now, op):
        """Follow the states up to the end of the forward phase."""
        if self.forward is not None and (int(self.dut.has.value) or self.forward == INPUTS):
            self.multiply_at = now + 1
            self.forward = None if self.forward == INPUTS else self.forward + 1
        if self.between.check(now, op, self.train):
            self.forward = 0

    def plan(self):
        """Lay out what follows the first G, which is here now."""
        load, first = self.cycle + 1, self.cycle + 4 + BACK * INPUTS
        self.due[load] = (Op.LOAD, None)
        self.due |= {load + 1 + j: (Op.BACK, j) for j in range(INPUTS * BACK)}
        self.due |= {first + j: (Op.UPDATE, None) for j in range(INPUTS + 1)}
        self.columns = {first + 1 + j: j for j in range(INPUTS + 1)}
        self.free_at = self.update_at = first + INPUTS

    def check(self):
        """Hold the outputs of the cycle to what is due."""
        dut, now, op = self.dut, self.cycle, Op(int(self.dut.op.value))
        column, bias = int(dut.column.value), int(dut.bias.value)
        assert (op == Op.MULTIPLY) == (now == self.multiply_at)
        if now in self.due:
            expected, at = self.due.pop(now)
            assert op == expected, f"{op}, not {expected}"
            assert at in (None, column)
        elif op == Op.MULTIPLY:
            assert (column, int(dut.first.value), int(dut.last.value)) == (
                self.multiplied,
                self.multiplied == 0,
                self.multiplied == INPUTS,
            )
            assert bias == (column == INPUTS)
            assert min(column + 1, INPUTS) <= self.arrived
            self.multiplied += 1
            if column == INPUTS:
                self.after_forward()
        else:
            assert op in (Op.NONE, Op.READ, Op.WRITE), f"{op} in cycle {now}"
        if now in self.columns:
            assert column == self.columns[now]
            assert self.biases[-3] == (column == INPUTS)
        assert self.taken == (op == Op.MULTIPLY and column == INPUTS), "tag_take comes one cycle before the last order"
        self.taken = bool(int(dut.tag_take.value))
        self.biases = [*self.biases[-3:], bias]
        self.follow(now, op)
        self.check_events(now)

    def after_forward(self):
        """Decide when the first G is there, and when the next layer has done with the sample."""
        if self.train:
            self.gradient_at = self.cycle + self.rng.randint(3, 12)
        self.between.credit(self.cycle + self.rng.randint(4, 60))

    def check_events(self, now):
        """Hold the pulses to what is due, and go on to the next sample when this one is done with."""
        dut = self.dut
        assert int(dut.updated.value) == (now == self.update_at)
        if int(dut.free.value):
            assert self.multiplied == INPUTS + 1
            assert now == self.free_at or not self.train
            self.between.since = now + (3 if self.train else 1 + GAP)
            self.sample, self.multiplied, self.arrived = self.sample + 1, 0, -self.rng.randint(0, 10)
            self.train = self.rng.random() < 0.6


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def orders(dut):
    await start(dut, **dict.fromkeys(NAMES, 0))
    bench = Bench(dut)
    while bench.sample < SAMPLES or bench.due or bench.between.waiting:
        bench.drive()
        await ReadOnly()
        bench.check()
        await FallingEdge(dut.clk)
        bench.cycle += 1
    assert bench.between.served
