"""The weight buffer and its network against golden, for several array sizes."""

import numpy as np
import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.ccore.config import CCoreConfig, Shuffle
from hw.ccore.weights import WeightBuffer
from sim.golden.ccore import weights as golden
from sim.rtl.runner import simulate


def run(array: tuple[int, ...], depth: int, cycles: int):
    config = CCoreConfig(ArrayConfig(*array), weight_depth=depth)
    simulate(
        top="weights",
        verilog=emit(WeightBuffer(config=config), "weights"),
        bench="sim.testbench.ccore.weights",
        parameters={"array": array, "depth": depth, "cycles": cycles, "latency": WeightBuffer.LATENCY},
        seed=depth,
    )


@pytest.mark.parametrize(("array", "depth"), [((1, 1, 1, 1), 16), ((2, 2, 5, 3), 21), ((5, 3, 2, 1), 19)])
def test_buffer_reads_and_writes(array, depth):
    run(array, depth, cycles=600)


@pytest.mark.full_size
def test_buffer_of_the_full_array():
    run((8, 3, 3, 8), 2048, cycles=300)


def test_golden_reads_a_block_in_both_directions():
    config = CCoreConfig(ArrayConfig(5, 2, 3, 4), weight_depth=32)
    rng, banks = np.random.default_rng(1), golden.memory(config)
    stored = rng.integers(0, 256, (config.tap_rows, TAPS, 5, 5))
    for row, column, i in np.ndindex(config.tap_rows, TAPS, 5):
        golden.write(banks, row=row, column=column, address=7 + i, turn=i, data=stored[row, column, :, i])
    for n in range(5):
        by_input = golden.lanes(banks, address=7 + n, transposed=False, turn=n)
        by_output = golden.lanes(banks, address=7, transposed=True, turn=n)
        assert np.array_equal(by_input, stored[..., n])
        assert np.array_equal(by_output, stored[..., n, :])
        assert np.array_equal(golden.chains(by_input, Shuffle.REVERSED, config)[2], stored[:, ::-1, 2, n])
        assert np.array_equal(golden.chains(by_output, Shuffle.TRANSPOSED, config)[2], stored[:, :, n, 2].T)
