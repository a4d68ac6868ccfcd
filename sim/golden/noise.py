"""Rounding noise of whole tensors: :func:`sim.golden.random.random16` in 16-bit arithmetic, and the keys of a step."""

from functools import lru_cache

import numpy as np

from hw.spec.random import KEY_ROUNDS, NOISE_ROUNDS, ROTATIONS, ROUND_CONSTANTS

from .random import hash32

__all__ = ["noise", "step_keys"]


def step_keys(seed: int, step: int, tensors: int) -> list[int]:
    """Keys of the tensors 0 to `tensors`-1 in one step, as :func:`sim.golden.random.tensor_key` derives them."""
    a = int(hash32(step, seed, KEY_ROUNDS))
    second = seed ^ (a << 32 | a)
    numbers = np.arange(tensors)
    high, low = hash32(np.stack([numbers ^ 0x80000000, numbers]), second, KEY_ROUNDS).tolist()
    return [h << 32 | each for h, each in zip(high, low, strict=True)]


@lru_cache(maxsize=64)
def _indices(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper half of the linear indices."""
    index = np.arange(count, dtype=np.uint32)
    return (index & 0xFFFF).astype(np.uint16), (index >> 16).astype(np.uint16)


def _rotl(x: np.ndarray, amount: int) -> np.ndarray:
    # NumPy multiplies 16-bit integers many at a time, but shifts them left one by one.
    return (x * np.uint16(1 << amount)) | (x >> np.uint16(16 - amount))


def noise(shape: tuple[int, ...], key: int) -> np.ndarray:
    """random16 of the linear (row-major) index of each element, uint16 of `shape`."""
    x, y = _indices(int(np.prod(shape)))
    a, b, c = ROTATIONS
    for r in range(NOISE_ROUNDS):
        word = np.uint16((key >> 16 * (r % 4) & 0xFFFF) ^ ROUND_CONSTANTS[r])
        x, y = y ^ (_rotl(x, a) & _rotl(x, b)) ^ _rotl(x, c) ^ word, x
    return x.reshape(shape)
