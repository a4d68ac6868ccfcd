"""Random numbers that do not depend on order: H, tensor keys and rounding noise (numerics.md Section 2)."""

import operator

import numpy as np

from hw.arch.checks import ConfigError
from hw.arch.hash import KEY_ROUNDS, NOISE_ROUNDS, ROTATIONS, ROUND_CONSTANTS

from .integers import integers

__all__ = ["hash32", "random16", "tensor_key"]


def _rotl16(x: np.ndarray, amount: int) -> np.ndarray:
    return ((x << amount) | (x >> (16 - amount))) & 0xFFFF


def _word(name: str, value, bits: int) -> int:
    value = operator.index(value)
    if not 0 <= value < 1 << bits:
        raise ConfigError(f"Random {name} must be a word of {bits} bits, not {value}")
    return value


def hash32(index, key: int, rounds: int) -> np.ndarray:
    """H(i, K, R): `rounds` rounds on the 32-bit `index` under the 64-bit `key`, 32 bits an element.

    (x, y) = (y ^ (rotl(x, 1) & rotl(x, 8)) ^ rotl(x, 2) ^ K[16*(r%4) +: 16] ^ RC[r], x) from
    x = i[15:0], y = i[31:16]; the result is {y, x}.

    Raises
    ------
    TypeError
        If an argument is not an integer.
    ValueError
        If an index or the key is too wide, or `rounds` is not 1 to 16.
    """
    index, key = integers("Random index", index, 0, 2**32 - 1), _word("key", key, 64)
    if not 1 <= rounds <= len(ROUND_CONSTANTS):
        raise ValueError(f"Random rounds must be 1 to {len(ROUND_CONSTANTS)}, not {rounds}")
    a, b, c = ROTATIONS
    x, y = index & 0xFFFF, index >> 16
    for r in range(rounds):
        word = (key >> 16 * (r % 4) & 0xFFFF) ^ ROUND_CONSTANTS[r]
        x, y = y ^ (_rotl16(x, a) & _rotl16(x, b)) ^ _rotl16(x, c) ^ word, x
    return y << 16 | x


def tensor_key(seed: int, step: int, tensor: int) -> int:
    """Key of one tensor in one step.

    a = H(step, seed, 16); k2 = seed ^ {a, a}; key = {H(tensor ^ 80000000h, k2, 16), H(tensor, k2, 16)}.

    Parameters
    ----------
    seed : int
        Seed of the whole run, 64 bits.
    step : int
        Training step from 0, 32 bits.
    tensor : int
        16 * layer + class, 32 bits.

    Raises
    ------
    ValueError
        If an argument is too wide.
    """
    seed, step, tensor = _word("seed", seed, 64), _word("step", step, 32), _word("tensor", tensor, 32)
    a = int(hash32(step, seed, KEY_ROUNDS))
    second = seed ^ (a << 32 | a)
    high, low = hash32([tensor ^ 0x80000000, tensor], second, KEY_ROUNDS)
    return int(high) << 32 | int(low)


def random16(index, key: int) -> np.ndarray:
    """Noise of the elements `index` (linear, logical) of the tensor of this `key`: H(index, key, 8)[15:0]."""
    return hash32(index, key, NOISE_ROUNDS) & 0xFFFF
