"""Data sets in the binary formats of CIFAR-10, CIFAR-100 and MNIST (IDX), from the files of their publishers."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from .samples import DataError, DataSet, Samples

__all__ = ["CIFAR10_TEST", "CIFAR10_TRAIN", "CIFAR100", "MNIST", "cifar10", "cifar100", "find", "mnist"]

CIFAR10_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
CIFAR10_TEST = "test_batch.bin"
CIFAR100 = ("train.bin", "test.bin")
#: Images and labels of the training set, then of the test set.
MNIST = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

_CIFAR_SHAPE = (3, 32, 32)


def find(folder: Path, name: str) -> Path | None:
    """The file `name` or `name`.gz of a folder."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _content(folder: Path, name: str) -> bytes:
    path = find(folder, name)
    if path is None:
        raise DataError(f"Data folder {folder} must hold {name}, which is missing")
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"Data file {path} must be readable, but {error}") from None


def _cifar(folder: Path, names, label_bytes: int, classes: int) -> Samples:
    """Records of label bytes, the last one the class, and the planes red, green, blue."""
    record = label_bytes + int(np.prod(_CIFAR_SHAPE))
    parts = []
    for name in names:
        content = np.frombuffer(_content(folder, name), np.uint8)
        if content.size == 0 or content.size % record:
            raise DataError(f"CIFAR file {folder / name} must be records of {record} bytes, not {content.size} bytes")
        parts.append(content.reshape(-1, record))
    records = np.concatenate(parts)
    labels = records[:, label_bytes - 1]
    if labels.max() >= classes:
        raise DataError(f"CIFAR labels in {folder} must be below {classes}, not {labels.max()}")
    return Samples.of(records[:, label_bytes:].reshape(-1, *_CIFAR_SHAPE), labels)


def cifar10(folder: Path) -> DataSet:
    """CIFAR-10 in its binary version."""
    train, test = (_cifar(folder, names, 1, 10) for names in (CIFAR10_TRAIN, (CIFAR10_TEST,)))
    return DataSet(train, test, _CIFAR_SHAPE, 10)


def cifar100(folder: Path) -> DataSet:
    """CIFAR-100 in its binary version, with the 100 fine labels."""
    train, test = (_cifar(folder, (name,), 2, 100) for name in CIFAR100)
    return DataSet(train, test, _CIFAR_SHAPE, 100)


def _idx(folder: Path, name: str, axes: int) -> np.ndarray:
    """An IDX file of bytes: 0, 0, 8, the number of axes, their lengths in four bytes each, the content."""
    content = _content(folder, name)
    header = 4 + 4 * axes
    if content[:4] != bytes((0, 0, 8, axes)):
        found = content[:4].hex() or "nothing"
        raise DataError(f"IDX file {folder / name} must hold bytes in {axes} axes, not begin with {found}")
    if len(content) < header:
        raise DataError(f"IDX file {folder / name} must begin with {header} bytes of sizes, not {len(content)} bytes")
    shape = [int(each) for each in np.frombuffer(content[4:header], ">u4")]
    if len(content) - header != math.prod(shape):
        raise DataError(f"IDX file {folder / name} must hold {math.prod(shape)} bytes, not {len(content) - header}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def mnist(folder: Path) -> DataSet:
    """MNIST and what comes in its files; as many classes as the training labels have."""
    samples = []
    for images_name, labels_name in (MNIST[:2], MNIST[2:]):
        images, labels = _idx(folder, images_name, 3), _idx(folder, labels_name, 1)
        if len(images) != len(labels) or not len(images):
            raise DataError(f"IDX files of {folder} must hold a label an image, not {len(labels)} for {len(images)}")
        samples.append(Samples.of(images[:, None], labels))
    train, test = samples
    shapes = [each.pixels(np.arange(1)).shape[1:] for each in samples]
    if shapes[0] != shapes[1]:
        raise DataError(f"IDX files of {folder} must hold images of one shape, not {shapes[0]} and {shapes[1]}")
    classes = int(train.labels.max()) + 1
    if test.labels.max() >= classes:
        raise DataError(f"IDX labels of the test set must be below {classes}, not {test.labels.max()}")
    return DataSet(train, test, shapes[0], classes)
