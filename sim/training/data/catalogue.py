"""Data sets by name or path."""

from pathlib import Path

import numpy as np

from . import binary, clutter, digits
from .folder import folder
from .samples import DataError, DataSet, Samples

__all__ = ["NAMES", "load"]

#: Data sets that need no files.
NAMES = ("digits", "clutter")


def load(name: str, shape: tuple[int, int, int] | None = None) -> DataSet:
    """Load a data set.

    Parameters
    ----------
    name : str
        `digits`, `clutter` (28x28, made of them), or a folder with the binary files of CIFAR-10 or CIFAR-100, with
        those of MNIST (IDX, also .gz), or with the folders train and test (or val) with a folder of images a class.
    shape : (channels, height, width), optional
        What images of a folder are brought to.

    Raises
    ------
    DataError
        If there is no such data set, or its files are damaged.
    """
    if name in NAMES:
        train, test = (_pixels(each) for each in digits.load())
        if name == "digits":
            return DataSet(train, test, (1, digits.SIZE, digits.SIZE), digits.CLASSES)
        train, test = _clutter(train, clutter.TRAIN_VARIANTS, 0), _clutter(test, clutter.TEST_VARIANTS, 1)
        return DataSet(train, test, (1, clutter.SIZE, clutter.SIZE), digits.CLASSES)
    path = Path(name)
    if not path.is_dir():
        raise DataError(f"Data must be {', '.join(NAMES)} or a folder, not {name!r}")
    if (path / binary.CIFAR10_TEST).is_file():
        return binary.cifar10(path)
    if all((path / each).is_file() for each in binary.CIFAR100):
        return binary.cifar100(path)
    if binary.find(path, binary.MNIST[0]):
        return binary.mnist(path)
    if (path / "train").is_dir():
        return folder(path, shape)
    raise DataError(f"Data folder {path} must hold files of CIFAR or MNIST, or a folder train, but has neither")


def _pixels(samples: digits.Digits) -> Samples:
    """Pixels min(255, 16 * v) of the values v = 0 to 16."""
    values = np.rint((samples.images + 1) * 8).astype(np.int64)
    return Samples.of(np.minimum(255, 16 * values).astype(np.uint8), samples.labels)


def _clutter(samples: Samples, count: int, part: int) -> Samples:
    """`count` images of each digit."""
    images = samples.pixels(np.arange(len(samples)))[:, 0]
    return Samples.of(clutter.variants(images, count, part), np.tile(samples.labels, count))
