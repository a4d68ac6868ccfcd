"""Weight update and delayed scales against numerics.md Sections 4 and 9 in Python integers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hw.arch.scalars import Factor
from hw.arch.tensors import TensorClass
from sim.golden.pint import NEAREST, decode, encode, random16, tensor_key
from sim.golden.step.scales import Scales, need
from sim.golden.step.update import Parameter, Storage, Weights
from sim.golden.tensor import Tensor

SEED = 15
LAYER = 3
A, E, G, V, W, W8 = (TensorClass[name] for name in ("A", "E", "G", "V", "W", "W8"))


def rsh(x, s):
    return math.floor(Fraction(x, 1 << s) + Fraction(1, 2)) if s > 0 else x << -s


def sat(x, bits):
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, x))


def sr(x, s, noise):
    return x << -s if s <= 0 else (((x << 16) >> s) + noise) >> 16


def scales(training=True, step=4, **start):
    made = Scales(SEED, 8, {(LAYER, TensorClass[kind]): value for kind, value in start.items()})
    made.training, made.step = training, step
    return made


def noise_of(kind, count, step=4):
    return [int(random16(i, tensor_key(SEED, step, 16 * LAYER + kind))) for i in range(count)]


@pytest.mark.parametrize("value", [2.0**-30, 0.0025, 0.08 / 7, 1.0, 3.7e9, 1 - 2.0**-40, 0.0])
def test_factor_is_the_nearest(value):
    factor = Factor.nearest(value)
    assert (1 << 15 <= factor.m < 1 << 16) if value else (factor.m, factor.e) == (0, -16)
    assert abs(Fraction(value) - factor.m * Fraction(2) ** factor.e) <= Fraction(2) ** factor.e / 2


def test_factor_refuses_what_is_negative():
    with pytest.raises(ValueError, match=r"^Factor must be at least 0 and finite, not -1\.0$"):
        Factor.nearest(-1.0)


@pytest.mark.parametrize("e", [-60, -13, -12, 20])
@pytest.mark.parametrize("rate", [0.0, 1e-6, 0.0025, 10.0, 1e9])
def test_parameter(e, rate):
    rng = np.random.default_rng(SEED)
    value = np.array([0, (1 << 31) - 1, -(1 << 31), *rng.integers(-(1 << 31), 1 << 31, 50)])
    velocity = np.array([4, (1 << 24) - 1, -(1 << 24), *rng.integers(-(1 << 24), 1 << 24, 50)])
    gradient = np.concatenate([[0, (1 << 55) - 1, -(1 << 55)], rng.integers(-(1 << 55), 1 << 55, 50)])
    gradient[3:] >>= rng.integers(0, 56, 50)
    parameter, factor = Parameter(value, velocity), Factor.nearest(rate)
    parameter.update(gradient, e, factor)
    for n in range(len(value)):
        v = sat(int(Fraction(int(velocity[n]) * 58982, 1 << 16)) + rsh(int(gradient[n]), -13 - e), 25)
        assert parameter.velocity[n] == v
        assert parameter.value[n] == sat(int(value[n]) - rsh(v * factor.m, -11 - factor.e), 32)


def test_small_velocity_decays():
    parameter = Parameter(np.zeros(2, np.int64), np.array([4, -4]))
    for _ in range(4):
        parameter.update(np.zeros(2, np.int64), -13, Factor.nearest(0.01))
    assert parameter.velocity.tolist() == [0, 0]


#: Histories of V, exponents of the gradient, learning rates: small, usual, saturating, out of all proportion.
UPDATES = [(-14, -9, 0.0025), (-14, -40, 0.0025), (-14, 0, 1.0), (-20, -9, 100.0), (-14, 60, 1e-6), (10, -9, 0.0)]


def started(storage, history, e_w=-12):
    """Weights with velocities, and the numbers that they hold."""
    rng = np.random.default_rng(SEED)
    start = rng.integers(-8000, 8000, (4, 3, 3, 3))
    made = Weights(LAYER, start, storage, scales(V=history), e_w)
    v = rng.integers(-32768, 32768, start.shape)
    if storage == Storage.PINT8:
        v = decode(v & 255)
    made.v = Tensor(v, -13)
    return made, made.w.t.ravel().tolist(), v.ravel().tolist(), decode(rng.integers(0, 256, start.shape))


@pytest.mark.parametrize("history, e_g, rate", UPDATES)
@pytest.mark.parametrize("decay", [None, 0.01])
@pytest.mark.parametrize("e_w", [-12, -15])
def test_update_int16(history, e_g, rate, decay, e_w):
    weights, w, v, gradient = started(Storage.INT16, history, e_w)
    e8, factor = weights.w8.e, Factor.nearest(rate)
    lessen = None if decay is None else Factor.nearest(decay)
    weights.update(Tensor(gradient, e_g), factor, lessen)
    count, e_v = len(w), history + 1
    shift = min(e_g + 29, 34)
    x = [a * 58982 + rsh(b, -shift) for a, b in zip(v, gradient.ravel().tolist(), strict=True)]
    if lessen:
        x = [a + rsh(b * lessen.m, -29 - (e_w + lessen.e)) for a, b in zip(x, w, strict=True)]
    v_new = [sat(sr(a, e_v + 29, r), 16) for a, r in zip(x, noise_of(V, count), strict=True)]
    steps = [sr(a * factor.m, e_w - (e_v + factor.e), r) for a, r in zip(v_new, noise_of(W, count), strict=True)]
    w_new = [sat(a - b, 16) for a, b in zip(w, steps, strict=True)]
    copy = decode(encode(np.array(w_new), e8 - e_w, np.array(noise_of(W8, count))))
    assert (weights.v.t.ravel().tolist(), weights.v.e) == (v_new, e_v)
    assert (weights.w.t.ravel().tolist(), weights.w.e) == (w_new, e_w)
    assert (weights.w8.t.ravel().tolist(), weights.w8.e) == (copy.tolist(), e8)
    history = weights._scales.history
    assert history[LAYER, V] == max(map(abs, x)).bit_length() - 29 - 15
    assert history[LAYER, W8] == max(map(abs, w_new)).bit_length() - 12 + e_w


@pytest.mark.parametrize("history, e_g, rate", UPDATES)
def test_update_pint8(history, e_g, rate):
    weights, w, v, gradient = started(Storage.PINT8, history)
    e8, factor = weights.w8.e, Factor.nearest(rate)
    weights.update(Tensor(gradient, e_g), factor)
    count, e_v = len(w), history + 1
    shift = min(e_g + 29, 34)
    x = [a * 58982 + rsh(b, -shift) for a, b in zip(v, gradient.ravel().tolist(), strict=True)]
    v_new = decode(encode(np.array(x), e_v + 29, np.array(noise_of(V, count)))).tolist()
    steps = [rsh(a * factor.m, (e8 - 20) - (e_v + factor.e)) for a in v_new]
    moved = [sat((a << 20) - sat(b, 48), 48) for a, b in zip(w, steps, strict=True)]
    copy = decode(encode(np.array(moved), 20, np.array(noise_of(W8, count))))
    assert (weights.v.t.ravel().tolist(), weights.v.e) == (v_new, e_v)
    assert (weights.w8.t.ravel().tolist(), weights.w8.e) == (copy.tolist(), e8)
    assert weights.w is weights.w8
    assert weights._scales.history[LAYER, V] == max(map(abs, x)).bit_length() - 29 - 12


def test_first_weights_are_rounded_to_nearest_at_the_exponent_they_need():
    start = np.array([[-5000, 4999, 7, 0]]).reshape(1, 4, 1, 1)
    weights = Weights(LAYER, start, Storage.INT16, scales(V=-14))
    assert (weights.w8.e, weights.v.e) == (13 - 12 - 12, -13)
    assert np.array_equal(weights.w8.t, decode(encode(start, 1, NEAREST)))
    zero = Weights(LAYER, np.zeros((1, 1, 1, 1), np.int64), Storage.INT16, scales(V=-14))
    assert not zero.w8.t.any()


def test_need():
    assert need(Tensor(np.array([-4096, 5]), -3)) == 13 - 3 - 12
    assert need(Tensor(np.array([4095, 5]), -3)) == 12 - 3 - 12
    assert need(Tensor(np.array([1]), 0), 15) == -14
    assert need(Tensor(np.zeros((2, 2)), 9)) is None
    groups = Tensor(np.array([[7, 0], [0, 0], [1, -8]]), np.array([[2], [99], [-1]]))
    assert need(groups) == 3 + 2 - 12
    assert need(Tensor(np.zeros((2, 1)), np.array([[1], [2]]))) is None


def test_history_counts_from_the_loss_error_for_errors_and_gradients_only():
    made = scales(A=-8, E=-4, G=2)
    made.ref = -11
    assert [made.exponent(LAYER, kind) for kind in (A, E, G)] == [-7, -14, -8]
    for kind in (A, E, G):
        made.quantise(LAYER, kind, Tensor(np.array([1 << 20]), -20))
    assert [made.history[LAYER, kind] for kind in (A, E, G)] == [-11, 0, 0]


def test_zeros_and_evaluation_leave_the_history():
    made = scales(A=-8)
    assert made.quantise(LAYER, A, Tensor(np.zeros(3, np.int64), -20)).e == -7
    made.training = False
    rounded = made.quantise(LAYER, A, Tensor(np.array([3, 1 << 20]), -8))
    assert rounded.t.tolist() == [2, 4032]  # half up, and saturated
    assert made.history[LAYER, A] == -8


def test_loss_error_is_scaled_exactly_and_zeros_keep_its_exponent():
    made = scales()
    zeros = Tensor(np.zeros((2, 3), np.int64), -16)
    assert made.ref == -28
    assert made.loss_error(LAYER, zeros).e == -28
    assert made.loss_error(LAYER, Tensor(np.array([[-65536, 9], [65535, 0]]), -16)).e == 17 - 16 - 12
    assert made.ref == -11
    assert made.loss_error(LAYER, zeros).e == -11


def test_noise_is_that_of_the_tensor_in_this_step():
    made = scales(A=-8)
    for step in (4, 5):
        made.step = step
        wide = Tensor(np.arange(1000) * 77, -20)
        expected = encode(wide.t, made.exponent(LAYER, A) + 20, np.array(noise_of(A, 1000, step)))
        assert np.array_equal(made.quantise(LAYER, A, wide).t, decode(expected))
