"""Bench of the accumulators over the lanes: sums of random runs, each read in random order, against integers.

`lanes` is the number of lanes, `fields` names what a lane gives, with the bits of each.
"""

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.acore.chain import Chain, Statistic
from hw.arch.acore.scalar import Accumulator
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

LANES = PARAMETERS["lanes"]
FIELDS: dict[str, int] = PARAMETERS["fields"]
SIGNED = ("masked", "rescaled", "product")
#: Accumulators that are read on top of accumulator 0.
ADDED = (Accumulator.SUM1, Accumulator.SUM2, Accumulator.LARGEST)
#: Enabled cycles until all is summed.
LATENCY, RUNS = 2, 24
WORD = (1 << 56) - 1


def element(rng, kind: str) -> dict[str, int]:
    """What a lane gives: bits of every field; of a kind, or any."""
    found = {}
    for name, bits in FIELDS.items():
        ends = {"largest": (1 << bits - 1) - 1 if name in SIGNED else (1 << bits) - 1, "least": 1 << bits - 1}
        single = 1 << rng.randrange(bits) if name not in SIGNED else rng.getrandbits(bits)
        found[name] = {"any": rng.getrandbits(bits), "bit": single, "zeros": 0, **ends}[kind]
    return found


def signed(value: int, bits: int) -> int:
    return value - (value >> bits - 1 << bits)


class Model:
    """The accumulators as integers."""

    def __init__(self, statistic: Statistic, sum1: bool, sum2: bool):
        self.statistic, self.used = statistic, {Accumulator.SUM1: sum1, Accumulator.SUM2: sum2}
        self.values = dict.fromkeys(Accumulator, 0)

    def add(self, lane: dict[str, int]):
        """Take what a lane gives in an enabled cycle."""
        numbers = {name: signed(n, FIELDS[name]) if name in SIGNED else n for name, n in lane.items()}
        if self.statistic != Statistic.NONE:
            magnitude = numbers["magnitude"] if self.statistic == Statistic.MAGNITUDE else 0
            self.values[Accumulator.SUM0] += numbers["masked"] + magnitude
        self.values[Accumulator.SUM1] += numbers["rescaled"] * self.used[Accumulator.SUM1]
        self.values[Accumulator.SUM2] += numbers["product"] * self.used[Accumulator.SUM2]
        self.values[Accumulator.LARGEST] |= numbers["magnitude"]
        self.values[Accumulator.SATURATED] += numbers["saturates"]
        self.values[Accumulator.SATURATED1] += numbers["saturates1"]

    def read(self, which: Accumulator) -> int:
        """What `value` shows of an accumulator."""
        return (self.values[which] + (self.values[Accumulator.SUM0] if which in ADDED else 0)) & WORD


async def cycle(dut, lanes, *, clear: bool = False, enable: bool = True, select: int = 0, chain=None) -> int:
    """Give the inputs for a cycle; return the value that the cycle before selected."""
    await FallingEdge(dut.clk)
    if chain is not None:
        dut.chain.value = Chain.encode(chain, partial=True)
    word = at = 0
    for lane in lanes:
        for name, bits in FIELDS.items():
            word |= lane[name] << at
            at += bits
    dut.lanes.value, dut.clear.value, dut.enable.value, dut.select.value = word, int(clear), int(enable), select
    await ReadOnly()
    return int(dut.value.value)


@cocotb.test()
async def sums(dut):
    """Sums over the enabled cycles; nothing that is read disturbs them."""
    await start(dut, clear=0, enable=0, select=0, lanes=0, chain=0)
    rng, zeros = generator(), [dict.fromkeys(FIELDS, 0)] * LANES
    for name in Accumulator:
        await cycle(dut, zeros, select=name)
        assert await cycle(dut, zeros) == 0, f"{name!r} after reset"
    for run in range(RUNS):
        statistic = list(Statistic)[run % len(Statistic)]
        model = Model(statistic, rng.random() < 0.7, rng.random() < 0.7)
        fields = {"statistic": statistic, "sum1": model.used[Accumulator.SUM1], "sum2": model.used[Accumulator.SUM2]}
        await cycle(dut, zeros, clear=True, enable=rng.random() < 0.5, chain=fields)
        kind, many = rng.choice(["any", "bit", "largest", "least"]), run % 6 == 0
        for _ in range(300 if many else rng.randrange(20)):
            enable = many or rng.random() < 0.8
            lanes = [element(rng, kind if rng.random() < 0.9 or many else "any") for _ in range(LANES)]
            for lane in lanes:
                lane["masked"] *= statistic != Statistic.MAGNITUDE
                if enable:
                    model.add(lane)
            await cycle(dut, lanes, enable=enable)
        for _ in range(LATENCY):
            await cycle(dut, zeros)
        names = [rng.choice(list(Accumulator)) for _ in range(6)] + list(Accumulator)
        before = None
        for name in [*rng.sample(names, len(names)), Accumulator.SUM0]:
            value = await cycle(dut, zeros, enable=rng.random() < 0.8, select=name)
            if before is not None:
                assert value == model.read(before), f"{before!r} of run {run}: {value:#x}, not {model.read(before):#x}"
            before = name
