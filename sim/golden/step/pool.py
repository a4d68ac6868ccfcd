"""Average and max pools, forward and backward (numerics.md Section 8).

A global average pool is an average pool whose kernel is the whole map.
"""

import numpy as np

from hw.arch.scalars import reciprocal

__all__ = ["average", "average_backward", "maximum", "maximum_backward", "spread", "sums"]


def _offsets(size: tuple[int, int], kernel: tuple[int, int], stride: int):
    """Yield (rows, columns) slices of the pixels at each place of the window, row by row."""
    rows, columns = ((s - k) // stride + 1 for s, k in zip(size, kernel, strict=True))
    for y in range(kernel[0]):
        for x in range(kernel[1]):
            yield slice(y, y + (rows - 1) * stride + 1, stride), slice(x, x + (columns - 1) * stride + 1, stride)


def sums(t, kernel: tuple[int, int], stride: int) -> np.ndarray:
    """Sum of each window."""
    return np.sum([t[:, :, rows, columns] for rows, columns in _offsets(t.shape[2:], kernel, stride)], axis=0)


def spread(e, size: tuple[int, int], kernel: tuple[int, int], stride: int) -> np.ndarray:
    """The transpose of :func:`sums`: for each pixel the sum over the windows that hold it."""
    dz = np.zeros((*e.shape[:2], *size), e.dtype)
    for rows, columns in _offsets(size, kernel, stride):
        dz[:, :, rows, columns] += e
    return dz


def average(t, kernel: tuple[int, int], stride: int) -> np.ndarray:
    """Wide sum t * nr of each window; its exponent is that of t, minus the shift of `reciprocal`."""
    return sums(t, kernel, stride) * reciprocal(kernel[0] * kernel[1])[0]


def average_backward(e, size: tuple[int, int], kernel: tuple[int, int], stride: int) -> np.ndarray:
    """Wide error e * nr of each pixel, summed over the windows that hold it; exponent as in :func:`average`."""
    return spread(e, size, kernel, stride) * reciprocal(kernel[0] * kernel[1])[0]


def maximum(t, kernel: int, stride: int, padding: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(maximum of each window, place ky * kernel + kx of the first one); padding is never the maximum."""
    low = np.iinfo(t.dtype).min if t.dtype.kind == "i" else -np.inf
    padded = np.pad(t, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=low)
    windows = [padded[:, :, rows, columns] for rows, columns in _offsets(padded.shape[2:], (kernel, kernel), stride)]
    best, index = windows[0], np.zeros(windows[0].shape, np.int64)
    for place, window in enumerate(windows[1:], 1):
        larger = window > best
        best, index = np.where(larger, window, best), np.where(larger, place, index)
    return best, index


def maximum_backward(e, index, size: tuple[int, int], kernel: int, stride: int, padding: int = 0) -> np.ndarray:
    """Each error at the place of its maximum, summed where windows overlap; exponent that of e."""
    height, width = (each + 2 * padding for each in size)
    dz = np.zeros((*e.shape[:2], height, width), e.dtype)
    for place, (rows, columns) in enumerate(_offsets((height, width), (kernel, kernel), stride)):
        dz[:, :, rows, columns] += np.where(index == place, e, 0)
    return dz[:, :, padding : padding + size[0], padding : padding + size[1]]
