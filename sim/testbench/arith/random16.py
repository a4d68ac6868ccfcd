"""Bench of the random unit and of the hash inside it (`rounds`, and all its 32 bits), against the golden model."""

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.hash import NOISE_ROUNDS
from sim.golden.pint import hash32, tensor_key
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import Stream, generator, start

ROUNDS = PARAMETERS.get("rounds", NOISE_ROUNDS)
#: Indices that toggle each bit alone, and the extremes.
CORNERS = [0, 0xFFFFFFFF, *(1 << bit for bit in range(32))]


async def begin(dut, key, **stalls):
    await start(dut, i__valid=0, i__payload=0, o__ready=0, key=key)
    return Stream(dut, generator(), **stalls)


def expected(dut, indices, key):
    return (hash32(indices, key, ROUNDS) & ((1 << len(dut.o__payload)) - 1)).tolist()


async def check(dut, key, count, **stalls):
    stream = await begin(dut, key, **stalls)
    rng = generator()
    indices = CORNERS + [rng.getrandbits(32) for _ in range(count)]
    assert await stream.run(indices) == expected(dut, indices, key)


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.4, 0.1), (0.1, 0.5), (0.5, 0.5)])
async def random_indices(dut, stalls):
    idle, stall = stalls
    await check(dut, generator().getrandbits(64), 300, idle=idle, stall=stall)


@cocotb.test()
async def keys_of_one_bit(dut):
    stream = await begin(dut, 0)
    indices = list(range(6))
    for key in [0, (1 << 64) - 1, tensor_key(1, 2, 3), *(1 << bit for bit in range(64))]:
        await FallingEdge(dut.clk)
        dut.key.value = key
        assert await stream.run(indices) == expected(dut, indices, key), f"key {key:#x}"


@cocotb.test()
async def latency(dut):
    stream = await begin(dut, 1)
    assert await stream.cycle(7) == (True, None)
    cycles = 1
    while (await stream.cycle(None))[1] is None:
        cycles += 1
        assert cycles <= ROUNDS
    assert cycles == ROUNDS


@cocotb.test()
async def reset_drops_what_is_under_way(dut):
    stream = await begin(dut, 1)
    for index in range(ROUNDS):
        await stream.cycle(index)
    await FallingEdge(dut.clk)
    dut.rst.value, dut.i__valid.value = 1, 0
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    await ReadOnly()
    assert not int(dut.o__valid.value)
    assert await stream.run([5, 6]) == expected(dut, [5, 6], 1)
