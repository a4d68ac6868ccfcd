"""What a training run starts from and in which order it goes: the same for golden, hardware and float32.

Initial weights and epoch order are those of numerics.md Section 2, biases 0; the learning rate falls linearly
from epoch to epoch: rate * (1 - epoch / epochs).
"""

import numpy as np

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.taxonn.config import TaxonnConfig
from sim.golden.random import hash32, tensor_key

__all__ = ["epoch_order", "epoch_rate", "initial_weights"]


def initial_weights(config: TaxonnConfig, seed: int) -> list[np.ndarray]:
    """Real weights: (2u - 1) sqrt(6 / n), u from H, and a bias of 0 last.

    A neuron is a row of n = N_{i-1} weights, a filter one of n = k k d.
    """
    weights = []
    for i, (inputs, size) in enumerate(zip(config.fan_in, config.rows, strict=True)):
        words = hash32(np.arange(size * inputs), tensor_key(seed, 0, 0xFFFF0000 + i + 1), NOISE_ROUNDS)
        values = (2 * (words + 0.5) / 2**32 - 1) * np.sqrt(6 / inputs)
        weights.append(np.pad(values.reshape(size, inputs), ((0, 0), (0, 1))))
    return weights


def epoch_order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """Indices of the samples in the order of an epoch."""
    words = hash32(np.arange(samples), tensor_key(seed, epoch, 0xFFFEFFFF), NOISE_ROUNDS)
    return np.argsort(words, kind="stable")


def epoch_rate(rate: float, epoch: int, epochs: int) -> float:
    """Learning rate of an epoch."""
    return rate * (1 - epoch / epochs)
