"""Rounding noise of whole tensors: :func:`sim.golden.random.random16` in 16-bit arithmetic, and the keys of a step."""

import math

import numpy as np

from hw.arch.hash import KEY_ROUNDS, NOISE_ROUNDS, ROTATIONS, ROUND_CONSTANTS

from .random import hash32

__all__ = ["noise", "step_keys"]

#: Lower halves of the linear indices.
_LOW = np.arange(1 << 16, dtype=np.uint16)


def step_keys(seed: int, step: int, tensors: int) -> list[int]:
    """Keys of the tensors 0 to `tensors`-1 in one step, as :func:`sim.golden.random.tensor_key` derives them."""
    a = int(hash32(step, seed, KEY_ROUNDS))
    second = seed ^ (a << 32 | a)
    numbers = np.arange(tensors)
    high, low = hash32(np.stack([numbers ^ 0x80000000, numbers]), second, KEY_ROUNDS).tolist()
    return [h << 32 | each for h, each in zip(high, low, strict=True)]


def _rotl(x: np.ndarray, amount: int) -> np.ndarray:
    # NumPy multiplies 16-bit integers many at a time, but shifts them left one by one.
    rotated = x * np.uint16(1 << amount)
    rotated |= x >> np.uint16(16 - amount)
    return rotated


def noise(shape: tuple[int, ...], key: int) -> np.ndarray:
    """random16 of the linear (row-major) index of each element, uint16 of `shape`."""
    a, b, c = ROTATIONS
    words = [np.uint16((key >> 16 * (r % 4) & 0xFFFF) ^ ROUND_CONSTANTS[r]) for r in range(NOISE_ROUNDS)]
    result = np.empty(math.prod(shape), np.uint16)
    for first in range(0, len(result), len(_LOW)):  # the upper half of the index is constant, and the cache holds it
        x, y = _LOW[: len(result) - first], np.uint16(first >> 16)
        for word in words:
            mixed = _rotl(x, a)
            mixed &= _rotl(x, b)
            mixed ^= _rotl(x, c)
            mixed ^= y
            mixed ^= word
            x, y = mixed, x
        result[first : first + len(_LOW)] = x
    return result.reshape(shape)
