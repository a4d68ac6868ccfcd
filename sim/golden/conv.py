"""FP, BP and WG of CONV and FC on decoded integers, modulo 2^acc_bits (ETA, Section II-A; numerics.md Section 5).

Products and sums run through BLAS in float64 where they are exactly representable, else in int64.
"""

import numpy as np

from hw.spec.layer import Layer, Phase

__all__ = ["forward", "backward", "gradient", "results", "wrap"]


def wrap(values, acc_bits: int) -> np.ndarray:
    """`values` modulo 2^acc_bits, as signed integers."""
    half = np.int64(1) << (acc_bits - 1)
    return ((np.asarray(values, np.int64) + half) & ((half << 1) - 1)) - half


def _exact(terms: int, *operands):
    """The operands in float64 if sums of `terms` products are exact in it, else in int64 (modulo 2^64)."""
    bound = terms
    for operand in operands:
        bound *= int(np.max(np.abs(operand), initial=0))
    dtype = np.float64 if bound < 1 << 53 else np.int64
    return [np.asarray(operand).astype(dtype) for operand in operands]


def _windows(padded, kernel: int, stride: int):
    """Yield (ky, kx, view of the pixels under that tap), views of shape [N, C, Yo, Xo]."""
    height, width = ((size - kernel) // stride + 1 for size in padded.shape[2:])
    for ky in range(kernel):
        for kx in range(kernel):
            rows = slice(ky, ky + (height - 1) * stride + 1, stride)
            yield ky, kx, padded[:, :, rows, kx : kx + (width - 1) * stride + 1 : stride]


def _pad(x, padding: int):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


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
    _, channels, kernel, _ = w.shape
    x, w = _exact(channels * kernel * kernel, x, w)
    total = 0
    for ky, kx, pixels in _windows(_pad(x, padding), kernel, stride):
        total = total + np.moveaxis(np.tensordot(w[:, :, ky, kx], pixels, axes=(1, 1)), 0, 1)
    return wrap(total, acc_bits)


def backward(e, w, size: tuple[int, int], stride: int = 1, padding: int = 0, acc_bits: int = 36) -> np.ndarray:
    """Error of the input of `size` (height, width): the transpose of :func:`forward` applied to the error `e`.

    Where (size + 2*padding - kernel) is odd at stride 2, the last row and column meet no window there.
    """
    outputs, channels, kernel, _ = w.shape
    e, w = _exact(outputs * kernel * kernel, e, w)
    padded = _pad(np.zeros((len(e), channels, *size), e.dtype), padding)
    for ky, kx, pixels in _windows(padded, kernel, stride):
        pixels += np.moveaxis(np.tensordot(w[:, :, ky, kx], e, axes=(0, 1)), 0, 1)
    return wrap(padded[:, :, padding : padding + size[0], padding : padding + size[1]], acc_bits)


def gradient(x, e, kernel: int, stride: int = 1, padding: int = 0, acc_bits: int = 36) -> np.ndarray:
    """g[o,c,ky,kx] = sum over n, i, j of e[n,o,i,j] * x[n,c, i*stride+ky-padding, j*stride+kx-padding]."""
    batch, outputs, height, width = e.shape
    x, e = _exact(batch * height * width, x, e)
    total = np.zeros((outputs, x.shape[1], kernel, kernel), e.dtype)
    for ky, kx, pixels in _windows(_pad(x, padding), kernel, stride):
        total[:, :, ky, kx] = np.tensordot(e, pixels, axes=((0, 2, 3), (0, 2, 3)))
    return wrap(total, acc_bits)


def results(layer: Layer, phase: Phase, *, x=None, w=None, e=None, acc_bits: int = 36) -> np.ndarray:
    """What a phase of a layer computes, from the decoded tensors that it needs (FP: x, w; BP: e, w; WG: x, e)."""
    if phase == Phase.FP:
        return forward(x, w, layer.stride, layer.padding, acc_bits)
    if phase == Phase.BP:
        return backward(e, w, (layer.height, layer.width), layer.stride, layer.padding, acc_bits)
    return gradient(x, e, layer.kernel, layer.stride, layer.padding, acc_bits)
