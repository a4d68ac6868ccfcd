"""The golden convolution against its definition, written out as loops, and its three phases against each other."""

import itertools

import numpy as np
import pytest

from gen.model.layer import Layer
from sim.golden import conv


def loops(x, w, stride, padding):
    """Forward convolution by definition, in Python integers."""
    batch, channels, height, width = x.shape
    outputs, _, kernel, _ = w.shape
    rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in (height, width))
    y = np.zeros((batch, outputs, rows, columns), dtype=object)
    for n, o, i, j in np.ndindex(*y.shape):
        for c, ky, kx in np.ndindex(channels, kernel, kernel):
            row, column = i * stride + ky - padding, j * stride + kx - padding
            if 0 <= row < height and 0 <= column < width:
                y[n, o, i, j] += int(w[o, c, ky, kx]) * int(x[n, c, row, column])
    return y


@pytest.mark.parametrize(("kernel", "stride"), list(itertools.product((1, 3, 5, 7), (1, 2))))
def test_forward_is_the_definition(kernel, stride):
    rng = np.random.default_rng(kernel)
    x, w = rng.integers(-4096, 4033, (2, 3, 8, 7)), rng.integers(-4096, 4033, (2, 3, kernel, kernel))
    expected = loops(x, w, stride, kernel // 2)
    assert np.array_equal(conv.forward(x, w, stride, kernel // 2, 48), expected)


@pytest.mark.parametrize(("kernel", "stride", "padding"), list(itertools.product((1, 3, 5, 7), (1, 2), (0, 1, 3))))
def test_phases_are_transposes(kernel, stride, padding):
    """sum(e * FP(x, w)) = sum(BP(e, w) * x) = sum(WG(x, e) * w) for all x, w, e."""
    layer = Layer(2, 3, 4, 9, 8, kernel, stride, padding)
    rng = np.random.default_rng(kernel * stride + padding)
    x, w, e = (rng.integers(-64, 65, shape) for shape in (layer.x_shape, layer.w_shape, layer.e_shape))
    total = np.sum(e * conv.forward(x, w, stride, padding))
    assert np.sum(conv.backward(e, w, (9, 8), stride, padding) * x) == total
    assert np.sum(conv.gradient(x, e, kernel, stride, padding) * w) == total


def test_sums_are_modulo_the_accumulator():
    x, w = np.full((1, 600, 1, 1), -4096), np.full((1, 600, 1, 1), -4096)
    assert conv.forward(x, w, acc_bits=48) == 600 << 24
    assert conv.forward(x, w, acc_bits=32) == (600 << 24) - (2 << 32)
    assert conv.wrap(np.array([1 << 35, -(1 << 35) - 1]), 36).tolist() == [-(1 << 35), (1 << 35) - 1]


def test_large_operands_stay_exact():
    """Sums beyond 2^53 leave float64 for int64, whose wrap-around keeps the residue."""
    x, w = np.full((1, 4, 1, 1), (1 << 30) + 1), np.full((1, 4, 1, 1), (1 << 29) + 1)
    expected = 4 * ((1 << 30) + 1) * ((1 << 29) + 1)
    assert conv.forward(x, w, acc_bits=48) == (expected + (1 << 47)) % (1 << 48) - (1 << 47)
