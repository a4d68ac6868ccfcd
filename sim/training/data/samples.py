"""Labelled images of 8-bit pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hw.arch.checks import ConfigError

__all__ = ["DataError", "DataSet", "Samples"]


class DataError(ConfigError):
    """What is wrong with the files of a data set, in one sentence."""


@dataclass(frozen=True)
class Samples:
    """Images and their labels.

    labels : array of int [n].
    pixels : function of an array of positions that gives uint8 [n][channel][row][column].
    """

    labels: np.ndarray
    pixels: Callable[[np.ndarray], np.ndarray]

    @classmethod
    def of(cls, images: np.ndarray, labels: np.ndarray) -> "Samples":
        """Samples that lie in memory."""
        return cls(labels.astype(np.int64), lambda index: images[index])

    def __len__(self):
        return len(self.labels)


@dataclass(frozen=True)
class DataSet:
    """A training set and a test set of images of one shape (channels, height, width)."""

    train: Samples
    test: Samples
    shape: tuple[int, int, int]
    classes: int
