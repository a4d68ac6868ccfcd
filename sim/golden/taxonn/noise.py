"""Rounding noise of TaxoNN: a function of (seed, layer, step, element), whatever the order.

::

    index = step[17:0] << 14 | class << 12 | element[11:0]
    noise(index, key) = H(index, key, 8)[7:0],  key = tensor_key(seed, 0, 16 * layer)

with layer 1..n and class 0 for a weight update, class 1 for errors that come to the layer, whose element is the neuron,
class 2 for the conversion of inputs, whose element is the input.
Row r of the weights has at column j the noise of element r + j (mod 4096) rotated left by r: the PEs update
them one cycle behind each other, so one bus serves all PEs of a layer, without a register in any. The noise of
each single weight is uniform; weights on a diagonal share its bits.
"""

import numpy as np

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.taxonn.config import ERROR, INPUT, NOISE_BITS, WEIGHT
from sim.golden.random import hash32, tensor_key

__all__ = ["ERROR", "INPUT", "NOISE_HALF", "WEIGHT", "element_noise", "layer_key", "rotate", "weight_noise"]

#: Noise that rounds to the nearest, if no more than 8 bits are cut.
NOISE_HALF = 1 << NOISE_BITS - 1


def layer_key(seed: int, layer: int) -> int:
    """Key of a layer, counted from 1, 64 bits."""
    return tensor_key(seed, 0, 16 * layer)


def element_noise(key: int, step: int, kind: int, count: int) -> np.ndarray:
    """Noise of elements 0 to `count` - 1 of a class in a step."""
    index = (step & 0x3FFFF) << 14 | kind << 12 | np.arange(count) & 0xFFF
    return hash32(index, key, NOISE_ROUNDS) & (1 << NOISE_BITS) - 1


def weight_noise(key: int, step: int, rows: int, columns: int) -> np.ndarray:
    """Noise [row][column] of a weight update."""
    row, noise = np.arange(rows)[:, None], element_noise(key, step, WEIGHT, rows + columns)
    return rotate(noise[row + np.arange(columns)], row % NOISE_BITS)


def rotate(noise, turn) -> np.ndarray:
    """Noise rotated left by 0 to 7."""
    return (noise << turn | noise >> NOISE_BITS - turn) & (1 << NOISE_BITS) - 1
