"""The array on the generated Verilog: random passes of every kind over array sizes, every port in every cycle."""

import numpy as np
import pytest

from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.array.control import Ports
from hw.arch.pint import PintFormat
from sim.engine import array as engine
from sim.golden.array import array as golden
from sim.golden.array.program import Program
from sim.workloads.passes import KINDS, every_change, random_memory, random_passes

FULL = ArrayConfig()
CONFIGS = {
    "1x1x1x1": ArrayConfig(1, 1, 1, 1),
    "2x3x3x2": ArrayConfig(2, 3, 3, 2),
    "2x3x3x4": ArrayConfig(2, 3, 3, 4),
    "1x2x5x3": ArrayConfig(1, 2, 5, 3, mac=MacForm.GENERIC),
    "3x4x2x1": ArrayConfig(3, 4, 2, 1, mac=MacForm.SHIFT, acc_bits=32),
    "2x1x3x4": ArrayConfig(2, 1, 3, 4, mac=MacForm.SHIFT),
    "1x9x1x2": ArrayConfig(1, 9, 1, 2, acc_bits=48),
    "2x2x3x2 PINT(10,7)": ArrayConfig(2, 2, 3, 2, pint=PintFormat(10, 7)),
    "2x2x3x2 PINT(4,1)": ArrayConfig(2, 2, 3, 2, pint=PintFormat(4, 1), mac=MacForm.SHIFT),
    "full": FULL,
}
SIZES = [pytest.param(name, marks=pytest.mark.full_size) if name == "full" else name for name in CONFIGS]


def run(config, work, seed, gaps=()):
    """Run passes (kind, slots) as one program; return it and what came out, which golden's memory must equal."""
    print(f"seed {seed}")
    rng = np.random.default_rng(seed)
    memory = random_memory(config, rng, max(slots for _, slots in work))
    passes = random_passes(config, rng, work, len(memory))
    program = Program(config, passes, rng, gaps)
    result = engine.execute(program, memory, seed)
    golden.run(passes, config, memory)
    assert np.array_equal(result.memory, memory)
    return program, result


@pytest.mark.parametrize("name", SIZES)
def test_random_passes(name):
    """Each kind of pass follows each, of random length, most without a bubble; sums over all of their range wrap."""
    config, seed = CONFIGS[name], list(CONFIGS).index(name)
    rng = np.random.default_rng(seed)
    kinds = every_change()
    work = [(kind, int(rng.integers(1, 2 * config.channels + 4))) for kind in kinds]
    gaps = rng.integers(1, 6, len(work)) * (rng.random(len(work)) < 0.2)
    run(config, work, seed, gaps.tolist())


@pytest.mark.parametrize("name", ["2x3x3x4", "1x2x5x3", "1x9x1x2", pytest.param("full", marks=pytest.mark.full_size)])
def test_passes_follow_each_other_in_the_cycles_of_their_formula(name):
    """Every slot, or beat of a drain, gives results in a cycle of its own, `latency` cycles after its word."""
    config = CONFIGS[name]
    lengths = (config.channels, 2 * config.channels + 3, 1)
    work = [(kind, slots) for slots in lengths for kind in (*KINDS, Ports.TOTAL, *KINDS[::-1])]
    _, result = run(config, work, seed=3)
    beats, start, cycles = config.channels * -(-config.rows // config.wpus), config.channels - 1, []
    for (kind, slots), (following, _) in zip(work, [*work[1:], (None, 0)], strict=True):
        first, count = (start, slots) if isinstance(kind, Ports) else (start + slots - 1, beats)
        cycles += range(first, first + count)
        start = first + count
        if isinstance(kind, Ports) and isinstance(following, Ports):
            start = max(start, first + config.channels)  # the weights of the next pass load meanwhile
    assert result.valid_cycles.tolist() == [cycle + result.latency for cycle in cycles]
