"""Pools and softmax against numerics.md Section 8 in Python integers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hw.arch.scalars import reciprocal
from sim.golden.step import loss, pool
from sim.golden.tensor import Tensor

SEED = 14
SHAPES = [((2, 3, 6, 6), 2, 2), ((1, 2, 7, 5), 3, 2), ((2, 1, 4, 4), 4, 1), ((1, 1, 1, 1), 1, 1), ((1, 2, 5, 5), 2, 1)]


def windows(shape, kernel, stride, padding=0):
    """Yield (output index, pixels of its window in order)."""
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in shape[2:])
    for n, c, i, j in np.ndindex(*shape[:2], rows, columns):
        corner = (i * stride - padding, j * stride - padding)
        yield (n, c, i, j), [(n, c, corner[0] + y, corner[1] + x) for y in range(kernel) for x in range(kernel)]


@pytest.mark.parametrize("shape, kernel, stride", SHAPES)
def test_average(shape, kernel, stride):
    t = np.random.default_rng(SEED).integers(-4096, 4033, shape)
    nr = (1 << (kernel**2).bit_length() + 15) // kernel**2
    assert reciprocal(kernel**2) == (nr, (kernel**2).bit_length() + 15)
    y = pool.average(t, (kernel, kernel), stride)
    e = np.random.default_rng(SEED + 1).integers(-4096, 4033, y.shape)
    dz = np.zeros(shape, np.int64)
    for out, pixels in windows(shape, kernel, stride):
        assert y[out] == sum(int(t[each]) for each in pixels) * nr
        for each in pixels:
            dz[each] += int(e[out]) * nr
    assert np.array_equal(pool.average_backward(e, shape[2:], (kernel, kernel), stride), dz)


@pytest.mark.parametrize("shape, kernel, stride", SHAPES)
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("low, high", [(-4096, 4033), (-2, 0)])
def test_maximum(shape, kernel, stride, padding, low, high):
    """The few values of the second range make many ties, of which the first wins, and are all below the padding."""
    padding = min(padding, kernel // 2)
    t = np.random.default_rng(SEED).integers(low, high, shape)
    y, index = pool.maximum(t, kernel, stride, padding)
    e = np.random.default_rng(SEED + 1).integers(-4096, 4033, y.shape)
    dz = np.zeros(shape, np.int64)
    for out, pixels in windows(shape, kernel, stride, padding):
        inside = [p for p in pixels if 0 <= p[2] < shape[2] and 0 <= p[3] < shape[3]]
        first = max(inside, key=lambda p: (int(t[p]), -pixels.index(p)))
        assert y[out] == t[first]
        assert index[out] == pixels.index(first)
        dz[first] += e[out]
    assert np.array_equal(pool.maximum_backward(e, index, shape[2:], kernel, stride, padding), dz)


def probabilities(a, e):
    """Softmax of the logits of one image."""

    def rsh(x, s):
        return math.floor(Fraction(x, 1 << s) + Fraction(1, 2)) if s > 0 else x << -s

    d = [min(rsh(max(a) - v, -12 - e), (1 << 17) - 1) for v in a]
    u = [(v * 23637) >> 16 for v in d]
    table = [round(2**16 * 2 ** (-i / 1024)) for i in range(1024)]
    ex = [table[v & 1023] >> min(v >> 10, 31) for v in u]
    return [((v << 16) + (sum(ex) >> 1)) // sum(ex) for v in ex]


@pytest.mark.parametrize("exponent", [-40, -20, -12, -11, 0, 30])
@pytest.mark.parametrize("bits", [0, 3, 20, 35])
def test_softmax(exponent, bits):
    a = np.random.default_rng(SEED).integers(-(1 << bits), (1 << bits) + 1, (7, 10))
    a[0] = -(1 << bits)
    p = loss.probabilities(Tensor(a, exponent))
    assert p.tolist() == [probabilities(row, exponent) for row in a.tolist()]


def test_softmax_is_close_to_the_real_one():
    a = np.random.default_rng(SEED).normal(0, 3, (1000, 10))
    p = loss.probabilities(Tensor(np.rint(a * 2**20).astype(np.int64), -20)) / 65536
    real = np.exp(a - a.max(axis=1, keepdims=True))
    assert np.abs(p - real / real.sum(axis=1, keepdims=True)).max() < 1e-3


def test_table_has_no_value_near_a_tie():
    """So it is the same whatever the last bit of a platform's power."""
    exact = [2 ** (16 - i / 1024) for i in range(1024)]
    assert min(abs(v % 1 - 0.5) for v in exact) > 1e-9


def test_error_at_each_label():
    p = np.full((10, 10), 6554)
    error = loss.softmax_error(p, np.arange(10))
    assert error.e == -16
    assert np.array_equal(error.t, 6554 - 65536 * np.eye(10, dtype=np.int64))
    certain = loss.probabilities(Tensor(np.array([[1 << 30, 0, 0]]), 0))
    assert certain.tolist() == [[65536, 0, 0]]
    assert not loss.softmax_error(certain, np.array([0])).t.any()
