"""FP, BP and WG of CONV and FC on decoded integers, modulo 2^acc_bits (ETA, Section II-A; numerics.md Section 5).

A few images at a time, as matrices: through BLAS in float64 where all sums are exactly representable, else in int64.
"""

import numpy as np

from gen.model.layer import Layer, Phase

__all__ = ["forward", "backward", "gradient", "results", "wrap"]

#: Elements of a matrix of pixels under the taps.
_BLOCK = 1 << 16


def wrap(values, acc_bits: int) -> np.ndarray:
    """`values` modulo 2^acc_bits, as signed integers."""
    half = np.int64(1) << (acc_bits - 1)
    return ((np.asarray(values, np.int64) + half) & ((half << 1) - 1)) - half


def _dtype(terms: int, *operands):
    """float64 if sums of `terms` products are exact in it, else int64 (modulo 2^64)."""
    bound = terms
    for operand in operands:
        bound *= max(int(np.max(operand, initial=0)), -int(np.min(operand, initial=0)))
    return np.float64 if bound < 1 << 53 else np.int64


def _outputs(size, kernel: int, stride: int, padding: int) -> list[int]:
    return [(each + 2 * padding - kernel) // stride + 1 for each in size]


def _parts(images: int, size: int):
    """Slices of the batch whose matrices, `size` elements an image, stay in the cache."""
    step = max(1, _BLOCK // size)
    return [slice(first, first + step) for first in range(0, images, step)]


def _windows(padded, kernel: int, stride: int):
    """Yield (ky, kx, view of the pixels under that tap), views of shape [.., .., Yo, Xo]."""
    height, width = _outputs(padded.shape[2:], kernel, stride, 0)
    for ky in range(kernel):
        for kx in range(kernel):
            rows = slice(ky, ky + (height - 1) * stride + 1, stride)
            yield ky, kx, padded[:, :, rows, kx : kx + (width - 1) * stride + 1 : stride]


def _padded(channels: int, images: int, size, padding: int, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Zeros [c][n][row][column] with their padding, and the view of what is no padding."""
    height, width = size
    padded = np.zeros((channels, images, height + 2 * padding, width + 2 * padding), dtype)
    return padded, padded[:, :, padding : padding + height, padding : padding + width]


def _columns(x, kernel: int, stride: int, padding: int, dtype) -> np.ndarray:
    """Matrix [c, ky, kx][n, i, j] of the pixels under each tap."""
    images, channels, *size = x.shape
    padded, inner = _padded(channels, images, size, padding, dtype)
    inner[:] = x.swapaxes(0, 1)
    columns = np.empty((channels, kernel, kernel, images, *_outputs(size, kernel, stride, padding)), dtype)
    for ky, kx, pixels in _windows(padded, kernel, stride):
        columns[:, ky, kx] = pixels
    return columns.reshape(channels * kernel * kernel, -1)


def _rows(e, dtype) -> np.ndarray:
    """Matrix [o][n, i, j] of errors."""
    return np.ascontiguousarray(e.swapaxes(0, 1), dtype).reshape(e.shape[1], -1)


def forward(x, w, stride: int = 1, padding: int = 0, acc_bits: int = 36) -> np.ndarray:
    """y[n,o,i,j] = sum over c, ky, kx of w[o,c,ky,kx] * x[n,c, i*stride+ky-padding, j*stride+kx-padding].

    Parameters
    ----------
    x : array of int, NCHW
    w : array of int, OIHW
    stride, padding, acc_bits : int

    Returns
    -------
    int64, NCHW, modulo 2^acc_bits.
    """
    outputs, channels, kernel, _ = w.shape
    terms = channels * kernel * kernel
    dtype = _dtype(terms, x, w)
    height, width = _outputs(x.shape[2:], kernel, stride, padding)
    taps = w.reshape(outputs, terms).astype(dtype)
    y = np.empty((len(x), outputs, height, width), np.int64)
    for part in _parts(len(x), terms * height * width):
        sums = taps @ _columns(x[part], kernel, stride, padding, dtype)
        y[part] = wrap(sums, acc_bits).reshape(outputs, -1, height, width).swapaxes(0, 1)
    return y


def backward(e, w, size: tuple[int, int], stride: int = 1, padding: int = 0, acc_bits: int = 36) -> np.ndarray:
    """Error of the input of `size` (height, width): the transpose of :func:`forward` applied to the error `e`.

    Where (size + 2*padding - kernel) is odd at stride 2, the last row and column meet no window there.
    """
    outputs, channels, kernel, _ = w.shape
    if stride == 1 and padding < kernel:
        return forward(e, w.swapaxes(0, 1)[:, :, ::-1, ::-1], 1, kernel - 1 - padding, acc_bits)
    dtype = _dtype(outputs * kernel * kernel, e, w)
    taps = w.reshape(outputs, -1).T.astype(dtype)
    x = np.empty((len(e), channels, *size), np.int64)
    for part in _parts(len(e), len(taps) * e.shape[2] * e.shape[3]):
        images = e[part]
        columns = (taps @ _rows(images, dtype)).reshape(channels, kernel, kernel, len(images), *e.shape[2:])
        padded, inner = _padded(channels, len(images), size, padding, dtype)
        for ky, kx, pixels in _windows(padded, kernel, stride):
            pixels += columns[:, ky, kx]
        x[part] = wrap(inner, acc_bits).swapaxes(0, 1)
    return x


def gradient(x, e, kernel: int, stride: int = 1, padding: int = 0, acc_bits: int = 36) -> np.ndarray:
    """g[o,c,ky,kx] = sum over n, i, j of e[n,o,i,j] * x[n,c, i*stride+ky-padding, j*stride+kx-padding]."""
    batch, outputs, height, width = e.shape
    dtype = _dtype(batch * height * width, x, e)
    taps = x.shape[1] * kernel * kernel
    total = np.zeros((outputs, taps), dtype)
    for part in _parts(batch, taps * height * width):
        total += _rows(e[part], dtype) @ _columns(x[part], kernel, stride, padding, dtype).T
    return wrap(total, acc_bits).reshape(outputs, x.shape[1], kernel, kernel)


def results(layer: Layer, phase: Phase, *, x=None, w=None, e=None, acc_bits: int = 36) -> np.ndarray:
    """What a phase of a layer computes, from the decoded tensors that it needs (FP: x, w; BP: e, w; WG: x, e)."""
    if phase == Phase.FP:
        return forward(x, w, layer.stride, layer.padding, acc_bits)
    if phase == Phase.BP:
        return backward(e, w, (layer.height, layer.width), layer.stride, layer.padding, acc_bits)
    return gradient(x, e, layer.kernel, layer.stride, layer.padding, acc_bits)
