# amaranth: UnusedElaboratable=no
"""The memory bank: what a read gives while it is written and while it waits, and that it is block RAM."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from gen.cost.synthesis import count, synthesise
from gen.verilog.emit import emit
from hw.lib.memory.bank import Bank


def test_reads_wait_and_see_the_old_word():
    """Random reads and writes of four words, one in two of them at the same address."""
    depth, cycles, rng = 4, 400, np.random.default_rng(5)
    print("seed 5")
    dut, words, held = Bank(depth=depth, shape=8), [0] * depth, 0

    async def bench(ctx):
        nonlocal held
        for cycle in range(cycles):
            write, read = int(rng.integers(2)), int(rng.integers(2))
            target, data = int(rng.integers(depth)), int(rng.integers(256))
            source = target if rng.integers(2) else int(rng.integers(depth))
            ctx.set(dut.write, write)
            ctx.set(dut.write_address, target)
            ctx.set(dut.write_data, data)
            ctx.set(dut.read, read)
            ctx.set(dut.read_address, source)
            held = words[source] if read else held
            words[target] = data if write else words[target]
            await ctx.tick()
            assert ctx.get(dut.read_data) == held, f"cycle {cycle}"

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def test_is_block_ram(tmp_path):
    """Even a small one: no LUT, no flip-flop."""
    path = tmp_path / "bank.v"
    path.write_text(emit(Bank(depth=16, shape=36), "bank"))
    used = {name: number for name, number in count(synthesise([path], "bank", flatten=False), "bank").items() if number}
    assert used == {"RAMB18": 1}


def test_init_wrong_depth():
    with pytest.raises(ValueError, match="Words of a bank must be at least 2, not 1"):
        Bank(depth=1, shape=8)
