"""Rounding and saturation of fixed-point codes."""

import numpy as np

from hw.arch.taxonn.config import NOISE_BITS, FixedFormat

__all__ = ["noise_field", "quantize", "rescale", "saturate", "shift_round"]


def noise_field(noise, bits: int):
    """What stochastic rounding adds before `bits` bits are cut: the noise on top, its quantum halved below.

    noise * 2^(bits - 8) + 2^(bits - 9) for more than 8 bits, else the top bits of the noise.
    """
    if bits > NOISE_BITS:
        return (noise << bits - NOISE_BITS) + (1 << bits - NOISE_BITS - 1)
    return noise >> NOISE_BITS - bits


def shift_round(values, bits: int, noise=None) -> np.ndarray:
    """values / 2^bits, rounded: floor((values + 2^(bits-1)) / 2^bits), or with noise in place of the half.

    Parameters
    ----------
    values : int64 array
    bits : int
        Bits to cut; zero or negative: an exact shift to the left.
    noise : array of 8-bit integers, optional
    """
    values = np.asarray(values, np.int64)
    if bits <= 0:
        return values << -bits
    return values + ((1 << bits - 1) if noise is None else noise_field(noise, bits)) >> bits


def saturate(values, form: FixedFormat) -> np.ndarray:
    """The nearest codes of the format."""
    return np.clip(values, form.low, form.high)


def rescale(values, fraction: int, form: FixedFormat, noise=None) -> np.ndarray:
    """Codes in `form` of values with `fraction` fraction bits: rounded, then saturated."""
    return saturate(shift_round(values, fraction - form.fraction, noise), form)


def quantize(values, form: FixedFormat) -> np.ndarray:
    """Codes of real numbers, by nearest (half up), saturated."""
    return saturate(np.floor(np.asarray(values, np.float64) * form.one + 0.5), form).astype(np.int64)
