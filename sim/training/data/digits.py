"""The 8x8 handwritten digits that come with scikit-learn (1,797 images), split as in numerics.md Section 10."""

from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_digits

__all__ = ["CLASSES", "SIZE", "Digits", "load"]

CLASSES, SIZE = 10, 8


@dataclass(frozen=True)
class Digits:
    """Images as float32 [n][1][8][8], v/8 - 1 for the data set's pixels v from 0 to 16, and labels 0 to 9."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return Digits(self.images[index], self.labels[index])


def load() -> tuple[Digits, Digits]:
    """Training set (1,438 digits) and test set (359, those with index mod 5 = 4)."""
    images, labels = load_digits(return_X_y=True)
    digits = Digits((images / 8 - 1).astype(np.float32).reshape(-1, 1, SIZE, SIZE), labels)
    test = np.arange(len(digits)) % 5 == 4
    return digits[~test], digits[test]
