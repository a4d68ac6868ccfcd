"""Samples that a TaxoNN network is trained on: the digits, or the images of a folder."""

import functools

import numpy as np

from sim.training.data import catalogue as data
from sim.training.data import digits
from sim.training.data.samples import Samples

__all__ = ["load", "shape_of"]


@functools.lru_cache(1)
def load(name: str) -> tuple[digits.Digits, digits.Digits, int]:
    """Training set, test set and number of classes of a data set.

    Parameters
    ----------
    name : str
        `digits`, with values -1 to 1, or a folder that :func:`sim.training.data.catalogue.load` knows (MNIST as IDX,
        CIFAR in binary, images), whose bytes p become p / 128 - 1.

    Raises
    ------
    sim.training.data.samples.DataError
        If there is no such data set, or its files are damaged.
    """
    if name == "digits":
        return (*digits.load(), digits.CLASSES)
    found = data.load(name)
    return _real(found.train), _real(found.test), found.classes


def _real(samples: Samples) -> digits.Digits:
    pixels = samples.pixels(np.arange(len(samples)))
    return digits.Digits(pixels.astype(np.float32) / 128 - 1, samples.labels)


def shape_of(name: str) -> tuple[int, int, int]:
    """Channels, height and width of the images."""
    return load(name)[0].images.shape[1:]
