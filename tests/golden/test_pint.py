"""The golden PINT model: recorded examples, the definition, unbiased rounding, quantisation."""

import csv
import math
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from hw.arch.pint import PintFormat
from sim.golden.pint import NEAREST, canonical, decode, encode, hash32, quantise, random16, saturated, tensor_key, value

DATA = Path(__file__).resolve().parents[1] / "data"
FORMATS = [(k, d) for k in range(4, 11) for d in range(1, k - 2)]
SEED = 2024


def columns(name):
    with (DATA / name).open() as file:
        rows = list(csv.DictReader(file))
    assert rows
    return {key: [int(row[key], 0) for row in rows] for key in rows[0]}


def test_recorded_values():
    data = columns("decode.csv")
    np.testing.assert_array_equal(decode(data["code"]), data["t"])


def test_recorded_conversions():
    data = columns("encode.csv")
    np.testing.assert_array_equal(encode(data["x"], data["shift"], data["random16"]), data["code"])


def test_recorded_random_numbers():
    data = columns("random16.csv")
    for seed, step, tensor, index, key, noise in zip(*data.values(), strict=True):
        assert tensor_key(seed, step, tensor) == key
        assert random16(index, key) == noise


def test_random_numbers_are_vectorised():
    index = np.arange(1000).reshape(10, 100)
    assert random16(index, 5).tolist() == [[int(random16(int(i), 5)) for i in row] for row in index]


@pytest.mark.parametrize("k, d", FORMATS)
def test_canonical_codes(k, d):
    """Every code has a canonical code of the same value; there are as many as values; {1, 0} and {1, -1} are none."""
    codes = np.arange(1 << k)
    values = decode(codes, k, d)
    best = canonical(values, k, d)
    np.testing.assert_array_equal(decode(best, k, d), values)
    assert len(np.unique(best)) == len(np.unique(values))
    pint = PintFormat(k=k, d=d)
    assert (values.min(), values.max()) == (pint.min, pint.max)
    zero, edge = 1 << (k - 1), (1 << k) - 1  # q = 0 and q = -1 in the middle segment
    assert not np.isin([zero, edge], best).any()
    if (k, d) == (8, 3):
        assert canonical([-512, -8, 8, 512]).tolist() == [0xC0, 0x78, 0x81, 0x08]
        assert len(np.unique(best)) == 254


def definition(x, shift, noise, k, d):
    """Conversion as numerics.md Section 3 has it, in Python integers and fractions."""
    shift = min(max(shift, -18), 60)
    exact = Fraction(x) / Fraction(2) ** shift
    floor, limit = math.floor(exact), 1 << 2 * (k - 2)
    pint = PintFormat(k=k, d=d)
    if not -limit <= floor < limit:
        return (pint.max if floor > 0 else pint.min), True
    small, middle = 1 << d, 1 << (k - 2 + d)
    segment = 0 if -small <= floor < small else d if -middle <= floor < middle else k - 2
    scaled = exact / (1 << segment)
    q = math.floor(scaled)
    f = math.floor((scaled - q) * 65536)
    return min((q + ((f + noise) >> 16)) << segment, pint.max), False


@pytest.mark.parametrize("k, d", [(8, 3), (4, 1), (6, 2), (10, 1), (10, 7)])
def test_encode_is_its_definition(k, d):
    rng = np.random.default_rng(SEED)
    extremes = [0, 1, -1, -(1 << 47), (1 << 47) - 1]
    x = np.concatenate([rng.integers(-(1 << 47), 1 << 47, 3000) >> rng.integers(0, 48, 3000), np.repeat(extremes, 256)])
    shift = np.concatenate([rng.integers(-20, 63, 3000), np.tile(np.arange(-128, 128), len(extremes))])
    noise = rng.integers(0, 1 << 16, x.shape)
    expected = [definition(*map(int, element), k, d) for element in zip(x, shift, noise, strict=True)]
    codes = encode(x, shift, noise, k, d)
    np.testing.assert_array_equal(decode(codes, k, d), [t for t, _ in expected])
    np.testing.assert_array_equal(saturated(x, shift, k, d), [beyond for _, beyond in expected])
    np.testing.assert_array_equal(codes, canonical(decode(codes, k, d), k, d))


#: Ranges of floor(x / 2^s) of one segment and sign, and their step.
SEGMENTS = [(-8, 8, 1), (8, 504, 8), (-512, -8, 8), (512, 4032, 64), (-4096, -512, 64)]
#: Two-sided test of all segments together, by Bonferroni: |z| beyond this has a probability of 2e-5 each.
SIGNIFICANCE = 1e-4
THRESHOLD = NormalDist().inv_cdf(1 - SIGNIFICANCE / 2 / len(SEGMENTS))


def rounding_deviation(segment, noise_of):
    """Return by how many standard deviations the mean of 2^20 rounded values is off.

    256 inputs are rounded 4,096 times each. Unbiased rounding errs by 0 on average, with a variance of
    f (1 - f) step^2 at a fraction f of the step.
    """
    low, high, step = segment
    x = np.random.default_rng(SEED).integers(low << 10, high << 10, 256)[:, None]
    noise = noise_of(np.arange(256 * 4096).reshape(256, 4096))
    unit = step << 10
    error = (decode(encode(x, 10, noise)) << 10) - x
    f = (x % unit) / unit
    return error.sum() / unit / np.sqrt((f * (1 - f)).sum() * 4096)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_rounding_is_unbiased(segment):
    key = tensor_key(SEED, 0, 16)
    assert abs(rounding_deviation(segment, lambda index: random16(index, key))) < THRESHOLD


@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("noise", [0, 0xFFFF, "half"])
def test_bias_is_found(segment, noise):
    """The same test rejects truncation, rounding up, and noise without its upper bit."""
    key = tensor_key(SEED, 0, 16)
    of = (lambda i: random16(i, key) >> 1) if noise == "half" else lambda i: np.full_like(i, noise)
    assert abs(rounding_deviation(segment, of)) > THRESHOLD


def test_probability_of_rounding_up():
    """Over all noise, the number of roundings up is exactly the fraction: 16 bits of f, in each segment."""
    noise = np.arange(1 << 16)
    rng = np.random.default_rng(SEED)
    for low, high, step in SEGMENTS:
        for x in rng.integers(low << 16, high << 16, 20):
            ups = np.count_nonzero(decode(encode(x, 16, noise)) > (x >> 16) // step * step)
            assert ups == x % (step << 16) // step


@pytest.mark.parametrize("k, d", [(8, 3), (4, 1), (10, 7)])
def test_quantise_takes_the_smallest_exponent_and_the_nearest_value(k, d):
    rng = np.random.default_rng(SEED)
    limit = 1 << 2 * (k - 2)
    for scale in (1e-300, 1e-5, 1.0, 3e8):
        values = rng.standard_normal((20, 20)) * scale
        codes, exponent = quantise(values, k, d)
        largest = Fraction(float(np.abs(values).max())) / Fraction(2) ** exponent
        assert limit / 2 <= largest < limit
        exact = [Fraction(v) / Fraction(2) ** exponent for v in values.ravel().tolist()]
        fixed = [math.floor(v * 2**30) for v in exact]
        expected = [definition(x, 30, NEAREST, k, d)[0] for x in fixed]
        assert decode(codes, k, d).ravel().tolist() == expected
        np.testing.assert_array_equal(value(codes, exponent, k, d), decode(codes, k, d) * 2.0**exponent)


def test_quantise_edges():
    assert quantise(np.zeros((2, 2)))[1] == 0
    assert quantise([])[1] == 0
    codes, exponent = quantise([4096.0, -1.0])  # 4096 itself no longer fits
    assert (decode(codes).tolist(), exponent) == ([2048, 0], 1)
    assert quantise(np.nextafter(4096.0, 0))[1] == 0
    codes, exponent = quantise([-4096.0])
    assert (decode(codes).tolist(), exponent) == ([-2048], 1)
    assert decode(quantise([1e300, -1e-300], random16=0)[0])[1] == -1  # floor, not zero
    with pytest.raises(ValueError, match=r"^Quantised values must be finite$"):
        quantise([1.0, np.inf])


def test_recorded_key_needs_all_of_its_parts():
    keys = {tensor_key(*parts) for parts in [(1, 2, 3), (2, 2, 3), (1, 3, 3), (1, 2, 4)]}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: decode(256), "PINT code must be 0 to 255, not 256"),
        (lambda: decode(-1), "PINT code must be 0 to 255, not -1"),
        (lambda: decode(0, 3, 1), "PINT k must be 4 to 10, not 3"),
        (lambda: encode(0, 0, 0, 8, 6), "PINT d must be 1 to k-3 = 5, not 6"),
        (lambda: encode(1 << 47, 0, 0), f"Conversion x must be {-(1 << 47)} to {(1 << 47) - 1}, not {1 << 47}"),
        (lambda: encode(0, 0, 1 << 16), "Conversion random16 must be 0 to 65535, not 65536"),
        (lambda: canonical([3, -520, 4001]), r"PINT\(8,3\) has no code for the value -520"),
        (lambda: random16(1 << 32, 0), f"Random index must be 0 to {2**32 - 1}, not {1 << 32}"),
        (lambda: random16(0, 1 << 64), f"Random key must be a word of 64 bits, not {1 << 64}"),
        (lambda: tensor_key(0, -1, 0), "Random step must be a word of 32 bits, not -1"),
        (lambda: hash32(0, 0, 17), "Random rounds must be 1 to 16, not 17"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        call()


def test_wrong_kind_of_arguments():
    with pytest.raises(TypeError, match=r"^Conversion x must be integers, not float64$"):
        encode(1.5, 0, 0)
