"""L1-FRN and TLU against numerics.md Sections 6 and 7 written out for one channel in Python integers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from sim.golden.pint import decode
from sim.golden.step import frn, tlu
from sim.golden.tensor import Tensor

SEED = 13


def rsh(x, s):
    return math.floor(Fraction(x, 1 << s) + Fraction(1, 2)) if s > 0 else x << -s


def sat(x, bits):
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, x))


def wrap(x, bits):
    return (x + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def normalised(x):
    """(x_hat, m, el) of the pixels x of one channel."""
    n = len(x)
    s = min(sum(map(abs, x)) + n, 2**48 - 1)
    bn, length = n.bit_length(), s.bit_length()
    sn = math.floor(Fraction(s) * Fraction(2) ** (18 - length))
    assert 1 << 17 <= sn < 1 << 18
    m = min((n << (34 - bn)) // sn, (1 << 17) - 1)
    el = bn - length - 16
    pr = max(0, length - bn - 17)
    return [sat(rsh(sat(v >> pr, 25) * m, -(el + pr) - 12), 18) for v in x], m, el


def g16(gamma):
    return sat(rsh(gamma, 12), 16)


def errors(dd, xq, gamma, m):
    """(g * gl, dgn) of the pixels of one channel."""
    n, bn = len(dd), len(dd).bit_length()
    dgn = wrap(sum(a * b for a, b in zip(dd, xq, strict=True)), 56)
    u = sat(rsh(dgn, 8 + bn - 1), 25)
    mean = sat(rsh(u * ((1 << bn + 15) // n), 16), 25)
    gl = sat(rsh(g16(gamma) * m, 15), 18)
    sign = [(v > 0) - (v < 0) for v in xq]
    return [sat(a - b * mean, 25) * gl for a, b in zip(dd, sign, strict=True)], dgn


def one_hot(shape, value):
    x = np.zeros(shape, np.int64)
    x[:, :, 0, 0] = value
    return x


def sums(name):
    """Wide sums [n][c][y][x] of a case."""
    rng = np.random.default_rng(SEED)
    shape = (2, 3, 5, 7)
    return {
        "zero": np.zeros(shape, np.int64),
        "zero channel": np.where(np.arange(3)[:, None, None] == 1, 0, rng.integers(-9999, 9999, shape)),
        "small": rng.integers(-3, 4, shape),
        "usual": rng.integers(-(1 << 22), 1 << 22, shape),
        "largest": np.full(shape, -(1 << 35)),
        "wide": rng.integers(-(1 << 47), 1 << 47, shape),
        "saturated sum": np.full((1, 1, 4, 4), (1 << 47) - 1),
        "one element": rng.integers(-(1 << 30), 1 << 30, (4, 5, 1, 1)),
        "one zero element": np.zeros((1, 1, 1, 1), np.int64),
        "one pixel of many": one_hot((1, 2, 16, 16), -(1 << 35)),
        "one small pixel of many": one_hot((1, 2, 16, 16), 1),
        "large map": rng.integers(-(1 << 20), 1 << 20, (1, 1, 112, 112)),
    }[name]


CASES = [
    "zero",
    "zero channel",
    "small",
    "usual",
    "largest",
    "wide",
    "saturated sum",
    "one element",
    "one zero element",
    "one pixel of many",
    "one small pixel of many",
    "large map",
]


@pytest.mark.parametrize("name", CASES)
def test_forward_is_its_definition(name):
    x = sums(name)
    x_hat, norm = frn.normalise(x)
    for n, c in np.ndindex(x.shape[:2]):
        expected, m, el = normalised(x[n, c].ravel().tolist())
        assert x_hat[n, c].ravel().tolist() == expected
        assert (norm.m[n, c, 0, 0], norm.el[n, c, 0, 0]) == (m, el)


def test_normalised_maps_have_the_mean_magnitude_one():
    """Within 2^-13 for the mantissa of 1/nu, half a unit for the rounding of x_hat, and epsilon."""
    x = sums("usual")
    x_hat, _ = frn.normalise(x)
    mean = np.abs(x_hat).mean(axis=(2, 3)) / 4096
    assert np.abs(mean - 1).max() < 2.0**-12


def test_x_hat_saturates():
    x_hat, _ = frn.normalise(sums("one pixel of many"))
    assert x_hat.min() == -(1 << 17)


@pytest.mark.parametrize("exponent", [-60, -26, -24, -20, 5, 60])
def test_affine_is_its_definition(exponent):
    rng = np.random.default_rng(SEED)
    x_hat = rng.integers(-(1 << 17), 1 << 17, (2, 4, 3, 3))
    gamma = np.array([1 << 24, -(1 << 31), (1 << 31) - 1, 2047])
    beta = np.array([0, (1 << 31) - 1, -(1 << 31), 5])
    t = rng.integers(-4096, 4033, x_hat.shape)
    alone, added = frn.affine(x_hat, gamma, beta), frn.affine(x_hat, gamma, beta, Tensor(t, exponent))
    for index in np.ndindex(x_hat.shape):
        y = int(x_hat[index]) * g16(int(gamma[index[1]])) + int(beta[index[1]])
        assert alone[index] == y
        assert added[index] == sat(y + rsh(int(t[index]), -(exponent + 24)), 48)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 12, 24])
def test_backward_is_its_definition(name, size):
    rng = np.random.default_rng(SEED)
    _, norm = frn.normalise(sums(name))
    shape = sums(name).shape
    dd = rng.integers(-(1 << size), 1 << size, shape)
    xq = decode(rng.integers(0, 256, shape))
    if size == 24:  # coherent, so that dgn, u and mean are as large as they can be
        dd = np.where(xq < 0, -(1 << 24), (1 << 24) - 1)
    gamma = rng.integers(-(1 << 31), 1 << 31, shape[1])
    dx, dgamma, dbeta = frn.backward(dd, xq, gamma, norm, -20, -5)
    total = [0] * shape[1]
    for n, c in np.ndindex(shape[:2]):
        pixels = dd[n, c].ravel().tolist(), xq[n, c].ravel().tolist()
        expected, dgn = errors(*pixels, int(gamma[c]), int(norm.m[n, c, 0, 0]))
        assert dx.t[n, c].ravel().tolist() == expected
        assert np.broadcast_to(dx.e, shape)[n, c, 0, 0] == -5 + 3 + 20 + norm.el[n, c, 0, 0]
        total[c] += dgn
    assert dgamma.tolist() == [wrap(each, 56) for each in total]
    assert dbeta.tolist() == [wrap(int(dd[:, c].sum()), 56) for c in range(shape[1])]


def test_sign_of_zero_is_zero():
    _, norm = frn.normalise(np.ones((1, 1, 1, 2), np.int64))
    dd, gamma = np.array([[[[100, 100]]]]), np.array([1 << 24])
    dx, _, _ = frn.backward(dd, np.array([[[[0, 4032]]]]), gamma, norm, 0, 0)
    gl = sat(rsh(4096 * int(norm.m[0, 0, 0, 0]), 15), 18)
    assert dx.t[0, 0, 0, 0] == 100 * gl
    assert dx.t[0, 0, 0, 1] == -(rsh(rsh(100 * 4032, 9) * (1 << 17) // 2, 16) - 100) * gl


def test_tlu():
    rng = np.random.default_rng(SEED)
    y, dz = rng.integers(-50, 50, (2, 3, 4, 5)), rng.integers(-(1 << 46), 1 << 46, (2, 3, 4, 5))
    tau = np.array([-10, 0, 7])
    y[0, :, 0, 0] = tau  # y = tau passes
    z, passed = tlu.forward(y, tau)
    dy, dtau = tlu.backward(dz, passed)
    expected = [0, 0, 0]
    for index in np.ndindex(y.shape):
        value, threshold = int(y[index]), int(tau[index[1]])
        assert z[index] == max(value, threshold)
        assert passed[index] == (value >= threshold)
        assert dy[index] == (int(dz[index]) if value >= threshold else 0)
        expected[index[1]] += 0 if value >= threshold else int(dz[index])
    assert dtau.tolist() == [wrap(each, 56) for each in expected]
