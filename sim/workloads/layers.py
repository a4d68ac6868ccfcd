"""Random layers and operands for tests and soaks."""

import numpy as np

from gen.model.layer import Layer
from hw.arch.pint import PintFormat

__all__ = ["random_codes", "random_layer"]


def random_layer(rng: np.random.Generator, *, channels: int = 20, size: int = 10, batch: int = 3) -> Layer:
    """A layer of random shape: kernels 1 to 7, both strides, paddings from none to kernel-1, maps from 1x1.

    Parameters
    ----------
    rng : numpy.random.Generator
    channels, size, batch : int
        The most input and output channels, rows and columns, and images.
    """
    kernel = int(rng.choice([1, 1, 3, 3, 3, 5, 7, 2, 4]))
    padding = int(rng.choice([0, kernel // 2, kernel // 2, kernel - 1]))
    height, width = (int(max(rng.integers(1, size, endpoint=True), kernel - 2 * padding)) for _ in range(2))
    inputs, outputs = (int(rng.integers(1, channels, endpoint=True)) for _ in range(2))
    images = int(rng.integers(1, batch, endpoint=True))
    return Layer(images, inputs, outputs, height, width, kernel, int(rng.integers(1, 3)), padding)


def random_codes(layer: Layer, rng: np.random.Generator, pint: PintFormat) -> dict[str, np.ndarray]:
    """Random codes of the layer's tensors x, w and e."""
    shapes = {"x": layer.x_shape, "w": layer.w_shape, "e": layer.e_shape}
    return {name: rng.integers(0, 1 << pint.k, shape) for name, shape in shapes.items()}
