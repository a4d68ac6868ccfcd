"""Initial weights, the order of an epoch and the first input, against their definitions."""

import math

import numpy as np
import pytest

from hw.arch.hash import NOISE_ROUNDS
from sim.golden.pint import NEAREST, decode, encode, hash32, tensor_key
from sim.golden.step.initial import epoch_order, images, initial_weights


@pytest.mark.parametrize("exponent", [-12, -15])
def test_initial_weights(exponent):
    w = initial_weights(9, 3, (4, 5, 3, 3), exponent)
    key = tensor_key(9, 0, 0xFFFF0003)
    for index in range(w.size):
        u = (int(hash32(index, key, NOISE_ROUNDS)) + 0.5) / 2**32
        assert w.flat[index] == math.floor((2 * u - 1) * math.sqrt(6 / 45) * 2**-exponent + 0.5)


def test_epoch_order():
    hashes = hash32(np.arange(50), tensor_key(9, 2, 0xFFFEFFFF), NOISE_ROUNDS).tolist()
    assert epoch_order(9, 2, 50).tolist() == [n for _, n in sorted((h, n) for n, h in enumerate(hashes))]


def test_images():
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    made = images(pixels)
    assert made.e == -10
    assert made.t.ravel().tolist() == decode(encode(16 * (np.arange(256) - 128), 0, NEAREST)).tolist()
