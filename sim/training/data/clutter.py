"""A harder set made of the 8x8 digits: 28x28 grey images of warped digits with a piece of another, a stroke and noise.

Integers only, with the random function of the golden model: the same bytes on every machine. Images of the training set
are made of digits of the training set, those of the test set of its own.
"""

import numpy as np

from sim.golden.random import hash32, tensor_key

__all__ = ["SIZE", "TEST_VARIANTS", "TRAIN_VARIANTS", "variants"]

SIZE = 28
#: Images made of each digit of the training set and of the test set.
TRAIN_VARIANTS, TEST_VARIANTS = 3, 4
_SEED, _ROUNDS = 28, 8
_STREAMS = 256
#: Sides of a piece, from and below.
_SIDES = (6, 12)


class _Dice:
    """Random integers; every call has a key of its own."""

    def __init__(self, first: int):
        self._next = first

    def __call__(self, low: int, high: int, *shape: int) -> np.ndarray:
        """Return integers from `low` to below `high`."""
        key = tensor_key(_SEED, 0, self._next)
        self._next += 1
        random = hash32(np.arange(np.prod(shape)), key, _ROUNDS)
        return (low + (random * (high - low) >> 32)).reshape(shape)


def _grid(down: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the distance of the pixels [1][row][1] and [1][1][column] from a centre that is moved by [n][1][1]."""
    axis = 2 * np.arange(SIZE) - (SIZE - 1)
    return axis[None, :, None] - 2 * down, axis[None, None, :] - 2 * right


def _warped(images: np.ndarray, reach: int, dice: _Dice) -> np.ndarray:
    """Each image enlarged, turned, sheared and moved by up to `reach` pixels; bilinear, 8 bits of fraction."""
    count = len(images)
    rows, columns = _grid(*(dice(-reach, reach + 1, count, 1, 1) for _ in range(2)))
    height, width, turn, shear = (dice(*limits, count, 1, 1) for limits in ((76, 106), (76, 106), (-24, 25), (-16, 17)))
    centre = 256 * (images.shape[1] - 1)  # twice, as rows and columns are
    y = centre + height * rows + turn * columns >> 1
    x = centre + width * columns + (shear - turn) * rows >> 1
    padded = np.pad(images.astype(np.int64), ((0, 0), (2, 2), (2, 2)))
    limit = padded.shape[1] - 2
    top, left = (np.clip((each >> 8) + 2, 0, limit) for each in (y, x))
    down, right = (each & 255 for each in (y, x))
    number = np.arange(count)[:, None, None]
    above, below = (
        padded[number, row, left] * (256 - right) + padded[number, row, left + 1] * right for row in (top, top + 1)
    )
    return above * (256 - down) + below * down >> 16


def _piece(images: np.ndarray, dice: _Dice) -> np.ndarray:
    """What a window of random place and sides shows of another digit."""
    count = len(images)
    shown = _warped(images[dice(0, count, count)], 9, dice)
    for axis in (1, 2):
        side = dice(*_SIDES, count, 1, 1)
        start = dice(-3, SIZE - 6, count, 1, 1)
        place = np.arange(SIZE).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        shown = shown * ((start <= place) & (place < start + side))
    return shown * dice(60, 110, count, 1, 1) >> 8


def _stroke(count: int, dice: _Dice) -> np.ndarray:
    """A straight stroke, about a pixel wide, that fades to its sides."""
    rows, columns = _grid(*(dice(-12, 13, count, 1, 1) for _ in range(2)))
    slope, length = dice(-64, 65, count, 1, 1), dice(5, 16, count, 1, 1)
    upright = dice(0, 2, count, 1, 1) == 1
    along, across = np.where(upright, rows, columns), np.where(upright, columns, rows)
    distance = np.abs(across - (slope * along >> 6))
    return np.maximum(0, 3 - distance) * (np.abs(along) <= length) * dice(16, 40, count, 1, 1)


def _variant(images: np.ndarray, dice: _Dice) -> np.ndarray:
    """One image of each digit."""
    count = len(images)
    picture = _warped(images, 2, dice) * dice(90, 140, count, 1, 1) >> 8
    picture = np.maximum(picture, _piece(images, dice))
    picture = np.maximum(picture, _stroke(count, dice))
    ground, depth = dice(90, 140, count, 1, 1), dice(5, 25, count, 1, 1)
    noise = dice(-256, 257, *picture.shape) * depth >> 8
    return np.clip(picture + ground + noise, 0, 255).astype(np.uint8)


def variants(images: np.ndarray, count: int, part: int) -> np.ndarray:
    """Return `count` images of each of the digits, all digits once, then all again.

    Parameters
    ----------
    images : array of uint8 [n][8][8]
    count : int
    part : int
        Sets of different parts, 0 or 1, have different random numbers.

    Returns
    -------
    uint8 [count * n][1][28][28].
    """
    made = [_variant(images, _Dice((2 * number + part) * _STREAMS)) for number in range(count)]
    return np.concatenate(made)[:, None]
