"""The conversion and the noise that training uses against the golden PINT model."""

import numpy as np
import pytest

from sim.golden.convert import convert
from sim.golden.noise import noise, step_keys
from sim.golden.pint import decode, encode, random16, tensor_key

SEED = 12
EXTREMES = [0, 1, -1, -(1 << 47), (1 << 47) - 1, 4095, 4096, -4096, -4097, 4032, 4064, 511, 512, -512, -513, 7, 8, -8]


def test_conversion_gives_the_values_of_the_codes():
    rng = np.random.default_rng(SEED)
    x = rng.integers(-(1 << 47), 1 << 47, 100_000) >> rng.integers(0, 48, 100_000)
    shift, r = rng.integers(-25, 70, x.shape), rng.integers(0, 1 << 16, x.shape)
    assert np.array_equal(convert(x, shift, r), decode(encode(x, shift, r)))


@pytest.mark.parametrize("shift", range(-20, 64))
def test_conversion_at_one_shift(shift):
    rng = np.random.default_rng(SEED)
    near = np.clip(rng.integers(-5000, 5000, 2000) * 2.0**shift, -(1 << 47), (1 << 47) - 1).astype(np.int64)
    x = np.concatenate([near, EXTREMES])
    for r in (0, 0x8000, 0xFFFF, rng.integers(0, 1 << 16, x.shape)):
        assert np.array_equal(convert(x, shift, r), decode(encode(x, shift, r)))


def test_noise_is_random16_of_the_linear_index():
    key = tensor_key(5, 7, 35)
    for shape in ((1,), (3, 5, 7), (70_000,)):
        expected = random16(np.arange(np.prod(shape)).reshape(shape), key)
        assert np.array_equal(noise(shape, key), expected)


def test_keys_of_a_step():
    for seed, step in ((0, 0), (1, 3), ((1 << 64) - 1, 1 << 20)):
        assert step_keys(seed, step, 40) == [tensor_key(seed, step, tensor) for tensor in range(40)]
