"""Bench of the sequencer: every order of every sample in its cycle, whatever stalls."""

import os

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.spec.taxonn_order import Op
from sim.benches.streams import generator, start

INPUTS, BACK = int(os.environ["INPUTS"]), os.environ["BACK"] == "1"
CREDITS, SAMPLES = 2, 40
NAMES = ("has", "train", "credit", "ready", "gradient", "request", "read", "acknowledge")


class Bench:
    """Plays buffer, multiplier, next layer and host, and holds the orders to what must come."""

    def __init__(self, dut):
        self.dut, self.rng = dut, generator()
        self.cycle, self.sample, self.arrived, self.train = 0, 0, 0, True
        self.due: dict[int, tuple[Op, int]] = {}  # orders of BACK and UPDATE by cycle
        self.columns: dict[int, int] = {}
        self.biases = [0, 0]
        self.gradient_at = self.free_at = self.update_at = self.acknowledge_at = None
        self.multiplied, self.outstanding, self.taken, self.served = 0, 0, False, 0
        self.acknowledged = False
        self.credits_at: list[int] = []

    def drive(self):
        """Set the inputs of a cycle; has goes with the index that is shown already."""
        rng, dut = self.rng, self.dut
        self.arrived += rng.random() < 0.4
        dut.has.value = int(self.arrived > int(dut.index.value))
        dut.train.value = int(self.train)
        dut.ready.value = self.ready = int(rng.random() < 0.8)
        credit = self.cycle in self.credits_at
        dut.credit.value, self.outstanding = int(credit), self.outstanding - credit
        dut.gradient.value = int(self.cycle == self.gradient_at)
        if self.cycle == self.gradient_at:
            self.plan()
        if self.acknowledged:
            dut.request.value, self.acknowledge_at, self.served = 0, None, self.served + 1
        elif not int(dut.request.value) and rng.random() < 0.02:
            dut.request.value, dut.read.value = 1, rng.getrandbits(1)
        self.acknowledged = self.cycle == self.acknowledge_at
        dut.acknowledge.value = int(self.acknowledged)

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
        if now in self.due:
            expected, at = self.due.pop(now)
            assert op == expected, f"{op}, not {expected}"
            assert at in (None, column)
        elif op in (Op.WRITE, Op.READ):
            assert op == (Op.READ if int(dut.read.value) else Op.WRITE)
            assert int(dut.serving.value) == int(dut.request.value) == 1
            assert self.acknowledge_at is None
            assert self.multiplied == 0
            self.acknowledge_at = now + self.rng.randint(1, 6)
        elif op == Op.MULTIPLY:
            assert (column, int(dut.first.value), int(dut.last.value)) == (
                self.multiplied, self.multiplied == 0, self.multiplied == INPUTS,
            )  # fmt: skip
            assert bias == (column == INPUTS)
            assert min(column + 1, INPUTS) <= self.arrived
            self.outstanding += column == 0
            assert self.outstanding <= CREDITS
            self.multiplied += 1
            if column == INPUTS:
                assert self.taken, "tag_take comes one cycle before the last order"
                self.after_forward()
        else:
            assert op == Op.NONE, f"{op} in cycle {now}"
        if now in self.columns:
            assert column == self.columns[now]
            assert self.biases[-3] == (column == INPUTS)
        self.taken = bool(int(dut.tag_take.value))
        self.biases = [*self.biases[-3:], bias]
        self.check_events(now)

    def after_forward(self):
        """Decide when the first G is there, and when the next layer has done with the sample."""
        if self.train:
            self.gradient_at = self.cycle + self.rng.randint(3, 12)
        self.credits_at.append(max(self.cycle + self.rng.randint(4, 60), max(self.credits_at, default=0) + 1))

    def check_events(self, now):
        """Hold the pulses to what is due, and go on to the next sample when this one is done with."""
        dut = self.dut
        if int(dut.started.value):
            assert self.train
            assert self.ready
            assert self.multiplied == 0
        assert int(dut.updated.value) == (now == self.update_at)
        assert not int(dut.idle.value) or self.outstanding == 0
        if int(dut.free.value):
            assert self.multiplied == INPUTS + 1
            assert now == self.free_at or not self.train
            self.sample, self.multiplied, self.arrived = self.sample + 1, 0, -self.rng.randint(0, 10)
            self.train = self.rng.random() < 0.6


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def orders(dut):
    await start(dut, **dict.fromkeys(NAMES, 0))
    bench = Bench(dut)
    while bench.sample < SAMPLES or bench.due or bench.acknowledge_at:
        bench.drive()
        await ReadOnly()
        bench.check()
        await FallingEdge(dut.clk)
        bench.cycle += 1
    assert bench.served
