"""Bench of the sequencer: every order of every sample in its cycle, whatever stalls."""

import os

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.spec.taxonn_order import Op
from sim.benches.streams import generator, start

INPUTS, BACK, GAP = int(os.environ["INPUTS"]), os.environ["BACK"] == "1", int(os.environ["GAP"])
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
        # From when it is between samples; credits and column of the forward phase; when orders of these are due.
        self.between_at, self.credits, self.forward = 0, CREDITS, None
        self.multiply_at = self.outside_at = None

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

    def follow(self, now):
        """Follow the states up to the end of the forward phase, and hold `idle` and `started` to them."""
        dut = self.dut
        has, request, begin = int(dut.has.value), int(dut.request.value), False
        between = self.between_at is not None and now >= self.between_at
        idle = between and self.credits == CREDITS
        assert int(dut.idle.value) == idle
        if self.forward is not None and (has or self.forward == INPUTS):
            self.multiply_at = now + 1
            self.forward = None if self.forward == INPUTS else self.forward + 1
        if request and idle and not int(dut.serving.value):
            self.outside_at, self.between_at = now + 2, now + 2
        elif between and not request and has and self.ready and self.credits:
            begin, self.between_at, self.forward = True, None, 0
        assert int(dut.started.value) == (begin and self.train)
        self.credits += int(dut.credit.value) - begin

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
        assert (op in (Op.WRITE, Op.READ)) == (now == self.outside_at)
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
                self.after_forward()
        else:
            assert op == Op.NONE, f"{op} in cycle {now}"
        if now in self.columns:
            assert column == self.columns[now]
            assert self.biases[-3] == (column == INPUTS)
        assert self.taken == (op == Op.MULTIPLY and column == INPUTS), "tag_take comes one cycle before the last order"
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
        self.follow(now)
        assert int(dut.updated.value) == (now == self.update_at)
        if int(dut.free.value):
            assert self.multiplied == INPUTS + 1
            assert now == self.free_at or not self.train
            self.between_at = now + (3 if self.train else 1 + GAP)
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
