"""Images brought to the maps of a convolutional network."""

import numpy as np

from hw.arch.checks import ConfigError
from hw.arch.taxonn.maps import Convolution

__all__ = ["scale"]


def scale(images, maps: Convolution) -> np.ndarray:
    """Images [n][channel][row][column] as [n][h][w][d], each pixel the nearest: row floor((2 r + 1) H / 2 h) of H.

    Raises
    ------
    ConfigError
        If the channels differ.
    """
    if images.shape[1] != maps.channels:
        raise ConfigError(f"Images must have the {maps.channels} channels of the first layer, not {images.shape[1]}")
    rows, columns = (
        (2 * np.arange(size) + 1) * have // (2 * size)
        for size, have in zip((maps.height, maps.width), images.shape[2:], strict=True)
    )
    return images.transpose(0, 2, 3, 1)[:, rows][:, :, columns]
