"""The golden array against the sums that its docstrings write down, product by product."""

import itertools

import numpy as np
import pytest

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import MIXED_PORTS, RESULT_PORTS, SPLIT_PORTS, TAP_PORTS, Head, Ports
from sim.golden.array import array
from sim.golden.array.passes import NOWHERE
from sim.golden.array.program import Program
from sim.golden.conv import wrap
from sim.golden.pint import decode
from sim.workloads.passes import KINDS, every_change, random_memory, random_passes

SIZES = [(1, 1, 1, 1), (2, 3, 3, 2), (1, 2, 5, 3), (3, 4, 2, 1)]
#: Ports of the sum of the chain (r, k), in each mode.
PORTS_OF = {
    Ports.TOTAL: lambda r, k: (0, 1, 2, 3),
    Ports.SPLIT: lambda r, k: (SPLIT_PORTS[int(r != 1), int(k != 1)],),
    Ports.TAPS: lambda r, k: (TAP_PORTS[k],),
    Ports.MIXED: lambda r, k: (MIXED_PORTS[int(r != 1)],),
}


def stationary(a_pass, config, s, m, w):
    """Port values of a slot, each product added to the ports of its chain."""
    values = [0] * 4
    x, weights = decode(a_pass.x[s, w]), decode(a_pass.w[:, m])
    for r, c, k in itertools.product(range(config.rows), range(config.channels), range(TAPS)):
        for port in PORTS_OF[a_pass.ports](r, k):
            values[port] += int(x[r, c, k]) * int(weights[c, r, k])
    return values


def gradient(a_pass, config, beat, m, w):
    """Port values of a beat of a drain: the last column first, rows over the WPUs."""
    values, row = [0] * 4, beat % config.beats * config.wpus + w
    if row < config.rows:
        column = config.channels - 1 - beat // config.beats
        x, errors = decode(a_pass.x[:, :, row, column]), decode(a_pass.e[:, m])
        for k, s, v in itertools.product(range(TAPS), range(len(a_pass)), range(config.wpus)):
            error = errors[s, 0 if a_pass.head == Head.ERROR_ROW else k, v]
            values[TAP_PORTS[k]] += int(x[s, v, k]) * int(error)
    return values


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_pass_adds_its_products_to_the_partial_sums(kind, size):
    config, rng = ArrayConfig(*size), np.random.default_rng(sum(size))
    memory = random_memory(config, rng, 4)
    [a_pass] = random_passes(config, rng, [(kind, 4)], len(memory))
    expected = memory.copy()
    [carried] = array.run([a_pass], config, memory)
    ports_of = stationary if isinstance(kind, Ports) else gradient
    for n, m, w in np.ndindex(a_pass.address.shape[:3]):
        for port, value in enumerate(ports_of(a_pass, config, n, m, w)):
            place = a_pass.address[n, m, w, port]
            if place != NOWHERE:
                expected[place] = wrap(expected[place] + value, config.acc_bits)
                assert carried[n, m, w, port] == expected[place]
    assert np.array_equal(memory, expected)
    # Results are taken on every port of the mode.
    used = {int(port) for port in np.argwhere(a_pass.address != NOWHERE)[:, 3]}
    assert used == set(RESULT_PORTS[kind if isinstance(kind, Ports) else Ports.GRADIENT])


def test_each_kind_follows_each():
    kinds = every_change()
    assert set(itertools.pairwise(kinds)) >= set(itertools.product(KINDS, repeat=2))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_program_lays_passes_out_in_their_length(size):
    """Random gaps are added; each load of weights is whole, and lies between the swap before and its own."""
    config, rng = ArrayConfig(*size), np.random.default_rng(7)
    work = [(kind, int(rng.integers(1, 9))) for kind in every_change()]
    passes = random_passes(config, rng, work, len(random_memory(config, rng, 9)))
    gaps = rng.integers(0, 3, len(passes)).tolist()
    plain, program = Program(config, passes), Program(config, passes, rng, gaps)
    assert np.array_equal(np.diff(program.starts), np.diff(plain.starts) + gaps[:-1])
    for a_pass, start, following in zip(passes, plain.starts, plain.starts[1:], strict=False):
        assert len(a_pass) <= following - start <= a_pass.length(config)
    for laid in (plain, program):
        first, last, swap = (np.flatnonzero(laid.control[name]) for name in ("load_first", "load_last", "swap"))
        assert np.array_equal(last - first, np.full(len(first), config.channels - 1))
        assert (last <= swap).all()
        assert (first[1:] > swap[:-1]).all()
