"""What the host gives the machine: first weights, order of an epoch, images in PINT8 (numerics.md Sections 2, 5)."""

import numpy as np

from hw.arch.hash import NOISE_ROUNDS
from sim.golden.pint import NEAREST, decode, encode, hash32, tensor_key
from sim.golden.tensor import Tensor

from .update import WEIGHT_EXPONENT

__all__ = ["IMAGE_EXPONENT", "epoch_order", "images", "initial_weights"]

_WEIGHT_TENSOR, _ORDER_TENSOR = 0xFFFF0000, 0xFFFEFFFF
IMAGE_EXPONENT = -10


def initial_weights(seed: int, layer: int, shape: tuple[int, ...], exponent: int = WEIGHT_EXPONENT) -> np.ndarray:
    """INT16 weights OIHW at an exponent: (2u - 1) * sqrt(6 / fan_in), u = (H(index, key, 8) + 0.5) / 2^32."""
    key = tensor_key(seed, 0, _WEIGHT_TENSOR + layer)
    u = (hash32(np.arange(np.prod(shape)), key, NOISE_ROUNDS) + 0.5) / 2.0**32
    w = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    return np.clip(np.floor(np.ldexp(w, -exponent) + 0.5), -32768, 32767).astype(np.int64).reshape(shape)


def epoch_order(seed: int, epoch: int, count: int) -> np.ndarray:
    """Positions in the training set, sorted by (H(index, key(seed, epoch, FFFEFFFFh), 8), index)."""
    index = np.arange(count)
    return np.argsort(hash32(index, tensor_key(seed, epoch, _ORDER_TENSOR), NOISE_ROUNDS), kind="stable")


def images(pixels) -> Tensor:
    """Images of 8-bit pixels in PINT8: enc(16 * (pixel - 128), 0) rounded to nearest, exponent -10."""
    return Tensor(_PIXELS[np.asarray(pixels, np.uint8)], IMAGE_EXPONENT)


_PIXELS = decode(encode(16 * (np.arange(256) - 128), 0, NEAREST))
