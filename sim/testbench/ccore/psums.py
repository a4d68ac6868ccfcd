"""Bench of the partial sums, in the array's and the drain's place: random operations, against golden in every cycle.

The parameters are the sizes (`sizes`: clusters, wpus, acc_bits, psum_depth, images) and the timing (`latency`,
`loop`, `drain_latency`).
"""

import collections

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import drain_request
from hw.arch.ccore.psums import psum_op
from sim.golden.ccore.psums import PartialSums
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

CLUSTERS, WPUS, ACC_BITS, DEPTH, IMAGES = PARAMETERS["sizes"]
LATENCY, LOOP, DRAIN_LATENCY = (PARAMETERS[name] for name in ("latency", "loop", "drain_latency"))
CONFIG = CCoreConfig(
    array=ArrayConfig(clusters=CLUSTERS, wpus=WPUS, rows=1, channels=1, acc_bits=ACC_BITS),
    psum_depth=DEPTH,
    images=IMAGES,
)
OP, REQUEST = psum_op(CONFIG), drain_request(CONFIG)
SHAPE = (CLUSTERS, WPUS, PORTS)
CYCLES = 1200
#: Cycles at the end without operations, in which all sums leave.
REST = 50


def junk(rng, layout) -> dict[str, int]:
    """Random fields."""
    return {name: rng.getrandbits(field.width) for name, field in layout}


class Operations:
    """Legal random operations: runs in one half, addresses at least `LOOP` cycles apart, flushes WPUS apart."""

    def __init__(self, rng):
        self._rng, self._left, self.half = rng, 0, 0
        self._recent, self._flushed = collections.deque(maxlen=LOOP - 1), -WPUS
        #: Cycle of the last operation in each half.
        self.last = [-100, -100]

    def next(self, cycle: int, room: int) -> dict[str, int]:
        """The operation of a cycle; at most `room` maps end."""
        rng = self._rng
        if self._left == 0:
            self._left, self.half = rng.randint(10, 80), 1 - self.half
        self._left -= 1
        op = junk(rng, OP) | {"active": rng.randint(0, CLUSTERS)}
        if rng.random() < 0.2:
            op |= {"write": 0, "sum": 0}
        else:
            op |= {"half": self.half, "start": op["start"] & rng.getrandbits(PORTS)}
            op["sum"] = int(rng.random() < 0.7)
            self.last[self.half] = cycle
        taken = [(each["half"], each["address"], each["address_inner"]) for each in self._recent]
        while True:
            op["address"], op["address_inner"] = rng.randrange(DEPTH), rng.randrange(DEPTH)
            if not any(h == op["half"] and (a == op["address"] or i == op["address_inner"]) for h, a, i in taken):
                break
        self._recent.append(op)
        if cycle - self._flushed < WPUS or rng.random() < 0.5:
            op["flush"] = 0
        elif op["flush"]:
            self._flushed = cycle
        if (op["flush"] & op["final"]).bit_count() > room:
            op["final"] = 0
        return op


class Array:
    """What the array does with its ports, and what they have to carry, in the cycles to come."""

    def __init__(self, dut, golden: PartialSums, seed: int):
        self._dut, self._golden, self._rng = dut, golden, np.random.default_rng(seed)
        self._ps_i = collections.defaultdict(lambda: [None] * CLUSTERS)
        self._ps_o = collections.defaultdict(lambda: [None] * CLUSTERS)
        self.found = collections.Counter()

    def take(self, cycle: int, op):
        """An operation of this cycle."""
        half = 1 << (ACC_BITS - 1)
        values = self._rng.integers(-half, half, SHAPE) >> self._rng.choice([0, 1, 9, 30])
        if self._rng.random() < 0.05:
            values[...] = -half
        flags = self._rng.random(SHAPE) < self._rng.choice([0, 0, 0.2 / values.size, 0.5 / values.size])
        ps_i, ps_o = self._golden.take(op, values)
        for m, lost in enumerate(self._golden.overflow(op, flags)):
            self._ps_i[cycle + LATENCY - 1 + m][m] = (op["write"], ps_i[m])
            self._ps_o[cycle + LATENCY + m][m] = (ps_o[m], flags[m])
            self.found[cycle + LATENCY + m + 1] += int(lost)

    def drive(self, cycle: int):
        """Results of this cycle; random where there is none."""
        half = 1 << (ACC_BITS - 1)
        ps_o, flags = self._rng.integers(-half, half, SHAPE), self._rng.integers(0, 2, SHAPE)
        for m, its in enumerate(self._ps_o.pop(cycle, [])):
            if its is not None:
                ps_o[m], flags[m] = its
        self._dut.ps_o.value, self._dut.overflow_i.value = pack(ps_o[None], ACC_BITS)[0], pack(flags[None], 1)[0]

    def check(self, cycle: int):
        """Partial sums of this cycle."""
        # Before its first read a bank's word is unknown in Icarus.
        now = unpack(int(self._dut.ps_i.value.resolve("zeros")), ACC_BITS, SHAPE)
        for m, its in enumerate(self._ps_i.pop(cycle, [])):
            for port in range(PORTS):
                if its is not None and its[0] >> port & 1:
                    expected = its[1][:, port]
                    assert (now[m, :, port] == expected).all(), f"cycle {cycle}: ps_i {now[m, :, port]}, not {expected}"


@cocotb.test()
async def partial_sums_are_golden(dut):
    """Partial sums, drained sums, overflow and sums of |x| in every cycle; illegal requests of the drain do no harm."""
    rng = generator()
    golden = PartialSums(CONFIG)
    operations, array = Operations(rng), Array(dut, golden, rng.getrandbits(32))
    # Half and data of the drain's requests, None where they are not known.
    stages: collections.deque = collections.deque([(0, None)] * DRAIN_LATENCY)
    sticky, taken, waiting, drained, seen = 0, 0, None, 0, set()
    await start(dut, op=0, drain=0, clear=0, ps_o=0, overflow_i=0, sums_o__ready=0)
    for cycle in range(CYCLES):
        await FallingEdge(dut.clk)
        op = dict.fromkeys(OP.members, 0)
        if cycle < CYCLES - REST:
            op = operations.next(cycle, IMAGES - (len(golden.maps) - taken))
        array.take(cycle, op)
        array.drive(cycle)
        request = junk(rng, REQUEST) | {"address": rng.randrange(DEPTH), "half": int(rng.random() < 0.5)}
        request["enable"] = int(rng.random() < (0.9 if cycle % 100 < 50 else 0.4))
        clear, ready = int(rng.random() < 0.2), int(rng.random() < 0.5 or cycle >= CYCLES - REST)
        dut.op.value, dut.drain.value = OP.const(op).as_bits(), REQUEST.const(request).as_bits()
        dut.clear.value, dut.sums_o__ready.value = clear, ready
        await ReadOnly()
        array.check(cycle)
        if stages[0][1] is not None:
            data = unpack(int(dut.data.value), ACC_BITS, (CLUSTERS, WPUS))
            assert (data == stages[0][1]).all(), f"cycle {cycle}: drained {data}, not {stages[0][1]}"
            drained += 1
        if request["enable"]:
            half = request["half"]
            done = half != operations.half and cycle >= operations.last[half] + LATENCY + CLUSTERS
            stages.append((half, golden.sums[half, request["bank"], request["address"]].copy() if done else None))
            stages.popleft()
        elif stages[-1][0] == operations.half:
            stages[-1] = (operations.half, None)  # The array took the half before its last sum had left.
        assert int(dut.overflow.value) == sticky, f"cycle {cycle}: overflow is not {sticky}"
        seen.add(sticky)
        sticky = int(array.found[cycle] > 0 or (sticky and not clear))
        output = int(dut.sums_o__payload.value) if int(dut.sums_o__valid.value) else None
        assert waiting in (None, output), f"cycle {cycle}: waiting sums {waiting} became {output}"
        if output is not None and ready:
            expected = pack(golden.maps[taken][None], CONFIG.sum_bits)[0]
            assert output == expected, f"map {taken}: {output:x}, not {expected:x}"
            taken += 1
        waiting = None if ready else output
    assert taken == len(golden.maps) > 20
    assert drained > 50
    assert seen == {0, 1}
