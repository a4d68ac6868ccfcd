"""Image files in a folder a class: DIR/train/CLASS/*.png, and test or val for train; read when needed."""

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from .samples import DataError, DataSet, Samples

__all__ = ["TEST_NAMES", "folder"]

#: What the folder of the test set may be called.
TEST_NAMES = ("test", "val")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "LA", "I;16")


def folder(path: Path, shape: tuple[int, int, int] | None = None) -> DataSet:
    """The images of a folder.

    Parameters
    ----------
    path : Path
    shape : (channels, height, width), optional
        Images are scaled until they cover it and cut around the centre. Without it all must have the size of the
        first one, and are grey if that is.

    Raises
    ------
    DataError
        If a class has no images, a file is no image, or sizes differ.
    """
    test = next((path / name for name in TEST_NAMES if (path / name).is_dir()), None)
    if test is None:
        raise DataError(f"Data folder {path} must hold a folder test or val beside train")
    classes = sorted(each.name for each in (path / "train").iterdir() if each.is_dir())
    if not classes:
        raise DataError(f"Data folder {path / 'train'} must hold a folder a class, but has none")
    strange = sorted({each.name for each in test.iterdir() if each.is_dir()} - set(classes))
    if strange:
        raise DataError(f"Classes of {test} must be in train too, not {strange[0]}")
    sets = [_files(each, classes) for each in (path / "train", test)]
    if shape is None:
        shape = _common_shape([file for files, _ in sets for file in files])
    train, held_out = (_samples(files, labels, shape) for files, labels in sets)
    return DataSet(train, held_out, shape, len(classes))


def _files(path: Path, classes: list[str]) -> tuple[list[Path], np.ndarray]:
    files, labels = [], []
    for label, name in enumerate(classes):
        found = sorted(p for p in (path / name).glob("**/*") if p.suffix.lower() in _SUFFIXES)
        files, labels = files + found, labels + [label] * len(found)
    if not files:
        raise DataError(f"Data folder {path} must hold images, but has none")
    return files, np.array(labels)


def _open(file: Path) -> Image.Image:
    try:
        return Image.open(file)
    except (UnidentifiedImageError, OSError):
        raise DataError(f"Data file {file} must be an image, which it is not") from None


def _common_shape(files: list[Path]) -> tuple[int, int, int]:
    with _open(files[0]) as image:
        (width, height), channels = image.size, 1 if image.mode in _GREY else 3
    for file in files[1:]:
        with _open(file) as image:
            if image.size != (width, height):
                raise DataError(f"Images must have one size, {width}x{height}, but {file} has {image.size}")
    return channels, height, width


def _samples(files: list[Path], labels: np.ndarray, shape: tuple[int, int, int]) -> Samples:
    return Samples(labels.astype(np.int64), lambda index: np.stack([_read(files[n], shape) for n in index]))


def _read(file: Path, shape: tuple[int, int, int]) -> np.ndarray:
    channels, height, width = shape
    with _open(file) as image:
        try:
            image = image.convert("L" if channels == 1 else "RGB")
        except OSError as error:
            raise DataError(f"Data file {file} must be a whole image, but {error}") from None
    if image.size != (width, height):
        scale = max(width / image.width, height / image.height)
        size = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
        left, top = (size[0] - width) // 2, (size[1] - height) // 2
        image = image.resize(size, Image.Resampling.BILINEAR).crop((left, top, left + width, top + height))
    return np.asarray(image, np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
