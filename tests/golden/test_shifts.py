"""Shifts and bit lengths of training against their definitions in fractions."""

import math
from fractions import Fraction

import numpy as np

from sim.golden.shifts import bit_length, rsh, rz, saturate, shift_left, stochastic_shift

SEED = 11
EXTREMES = [0, 1, -1, 2, -2, (1 << 47) - 1, -(1 << 47), (1 << 61), -(1 << 61)]


def values(count=3000):
    rng = np.random.default_rng(SEED)
    x = np.concatenate([rng.integers(-(1 << 61), 1 << 61, count) >> rng.integers(0, 61, count), EXTREMES])
    return x, rng


def clamped(x, limit=1 << 62):
    return max(-limit, min(limit, x))


def test_rsh_rounds_half_up_and_shifts_left_with_saturation():
    x, rng = values()
    shifts = rng.integers(-70, 80, x.shape)
    expected = [
        math.floor(Fraction(v, 1 << s) + Fraction(1, 2)) if s > 0 else clamped(v << -s)
        for v, s in zip(x.tolist(), shifts.tolist(), strict=True)
    ]
    assert rsh(x, shifts).tolist() == expected
    for s in (-70, -1, 0, 1, 7, 62, 63, 64, 90):
        assert rsh(x, s).tolist() == [
            math.floor(Fraction(v, 1 << s) + Fraction(1, 2)) if s > 0 else clamped(v << -s) for v in x.tolist()
        ]
    assert rsh(np.array([1, -1, 3, -3]), 1).tolist() == [1, 0, 2, -1]


def test_left_shift_saturates():
    assert shift_left(np.array([0, 1, -1, 5]), 100).tolist() == [0, 1 << 62, -(1 << 62), 1 << 62]


def test_rz_rounds_toward_zero():
    x, _ = values()
    assert rz(x, 16).tolist() == [int(Fraction(v, 1 << 16)) for v in x.tolist()]
    assert rz(np.array([4 * 58982, -4 * 58982]), 16).tolist() == [3, -3]


def test_stochastic_shift_is_its_definition():
    x, rng = values()
    noise = rng.integers(0, 1 << 16, x.shape)
    for s in (-70, -3, 0, 1, 2, 15, 16, 17, 30, 47, 60, 90):
        expected = [
            clamped(v << -s) if s <= 0 else (((v << 16) >> s) + r) >> 16
            for v, r in zip(x.tolist(), noise.tolist(), strict=True)
        ]
        assert stochastic_shift(x, s, noise).tolist() == expected


def test_bit_length():
    x = np.array([0, 1, *((1 << n) + d for n in range(1, 52) for d in (-1, 0, 1))])
    assert bit_length(x).tolist() == [v.bit_length() for v in x.tolist()]


def test_saturate():
    assert saturate(np.array([127, 128, -128, -129]), 8).tolist() == [127, 127, -128, -128]
