"""Bench of the sequencer of a convolution: every order of every sample in its cycle."""

from itertools import product
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.taxonn.order import Op
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start
from sim.testbench.taxonn.between import Between
from sim.testbench.taxonn.conv import MAPS, signed

#: Cycles after the last product of a sum in which nothing is done.
IDLE = max(-(-MAPS.filters // MAPS.pool**2) - MAPS.lane, 0)


def expected_orders(train: bool, back: bool):
    """Yield (op, column, first, last, bias, input place or None, place of G or None) of a sample."""
    k, d, side = MAPS.kernel, MAPS.channels, MAPS.pool
    taps = [(c, j) for c in range(d) for j in range(k)]
    sums = [
        (side * r + dy, side * q + dx)
        for r, q, dy, dx in product(range(MAPS.pooled[0]), range(MAPS.pooled[1]), range(side), range(side))
    ]
    yield Op.MULTIPLY, k * d, 1, 1, 1, None, None
    for y, x in sums:
        for n, (c, j) in enumerate(taps):
            yield Op.MULTIPLY, n, n == 0, n == k * d - 1, 0, (y, x + j, c), None
    if not train:
        return
    if back:
        for row in range(MAPS.height + MAPS.padding):
            for column, c in product(range(MAPS.width), range(d)):
                for j in range(k if row < MAPS.rows else 1):
                    yield (
                        Op.BACK,
                        c * k + j if row < MAPS.rows else None,
                        None,
                        None,
                        0,
                        None,
                        (row, column + MAPS.padding - j),
                    )
    for n, (c, j) in enumerate([*taps, (0, 0)]):
        for number, (y, x) in enumerate(sums):
            place = (y, x + j, c) if n < k * d else None
            yield Op.LOAD, n, number == 0, number == len(sums) - 1, n == k * d, place, (y, x)
        yield Op.UPDATE, n, None, None, n == k * d, None, None


class Sequence:
    """Holds the orders of samples to what is due, and to its number of cycles."""

    def __init__(self, dut):
        self.dut, self.rng, self.back = dut, generator(), PARAMETERS["back"]
        self.between, self.samples, self.updated = Between(dut, self.rng), 0, False
        self.limits = dict(zip(("forward", "back", "update"), PARAMETERS["cycles"], strict=True))
        self.begin_at: Any = None
        self.column: Any = None
        self.orders: list[tuple] = []
        self.next_sample()

    def next_sample(self):
        """Choose what the next sample does, and when it is there."""
        self.train, self.has_from = self.rng.random() < 0.5, self.rng.randint(1, 60)
        self.count, self.first, self.last = 0, {}, {}

    def drive(self, now: int):
        """Set the inputs of a cycle."""
        self.has_from -= 1
        self.dut.has.value, self.dut.train.value = int(self.has_from <= 0), int(self.train)
        self.dut.graded.value = int(self.rng.random() < 0.1)
        self.between.drive(now)

    def check(self, now: int):
        """Hold the outputs of a cycle to what is due."""
        dut, op = self.dut, Op(int(self.dut.op.value))
        if self.column is not None:
            assert int(dut.column.value) == self.column
            self.column = None
        assert int(dut.bias.value) == 0 or op != Op.NONE
        if op in (Op.WRITE, Op.READ):
            assert (int(dut.first.value), int(dut.bias.value)) == (1, 0)
        elif op != Op.NONE:
            self.check_order(now, op)
        begin = self.between.check(now, op, self.train)
        assert int(dut.tag_take.value) == begin
        if begin:
            self.orders, self.begin_at = list(expected_orders(self.train, self.back)), now
            self.between.credit(now + self.rng.randint(1, 400))
        assert not int(dut.updated.value) or (self.count == len(self.orders) and self.train and not self.updated)
        self.updated = self.updated or bool(int(dut.updated.value))
        if int(dut.free.value):
            self.finish(now)

    def check_order(self, now: int, op: Op):
        """Hold an order to what is due."""
        dut = self.dut
        kind, n, first, last, bias, place, gradient = self.orders[self.count]
        what = f"order {self.count}"
        assert (op, int(dut.bias.value)) == (kind, bias), what
        for handle, value in ((dut.first, first), (dut.last, last)):
            assert value is None or int(handle.value) == value, what
        if op == Op.UPDATE:
            self.column = n
        elif n is not None:
            assert int(dut.column.value) == n, what
        if place is not None:
            assert (int(dut.y.value), int(dut.x.value), int(dut.channel.value)) == place, what
        if gradient is not None:
            assert (int(dut.row.value), signed(dut.place)) == gradient, what
        phase = "back" if op == Op.BACK else "forward" if op == Op.MULTIPLY else "update"
        assert self.count or now == self.begin_at + 2
        self.first.setdefault(phase, now)
        self.last[phase] = now
        self.count += 1

    def finish(self, now: int):
        """Hold a whole sample to its orders, and go on."""
        assert self.count == len(self.orders)
        assert self.updated == self.train
        for phase, begin in self.first.items():
            length = self.last[phase] - begin + 1
            assert length == self.limits[phase], phase
        last = max(self.last.values())
        assert now - last == PARAMETERS["gap"] + (1 if self.train else IDLE)
        self.between.since, self.updated, self.samples, self.orders = now + 1, False, self.samples + 1, []
        self.next_sample()


@cocotb.test()
async def sequence(dut):
    """Every order of some samples, in its order and number of cycles, while other things happen at random."""
    inputs = ("has", "train", "credit", "ready", "graded", "request", "read", "acknowledge")
    await start(dut, **dict.fromkeys(inputs, 0))
    bench, now = Sequence(dut), 0
    while bench.samples < 12 or not bench.between.served:
        bench.drive(now)
        await ReadOnly()
        bench.check(now)
        await FallingEdge(dut.clk)
        now += 1
        assert now < 40000
