"""L1-norm filter response normalisation, forward and backward (ETA, Section III-B and Algorithm 2).

numerics.md Sections 6 and 7. Tensors are NCHW; statistics are taken per image and channel over its N = H*W pixels.
"""

from dataclasses import dataclass

import numpy as np

from sim.golden.conv import wrap
from sim.golden.shifts import bit_length, rsh, saturate, shift_left
from sim.golden.tensor import Tensor

__all__ = ["GAMMA_BITS", "SUM_BITS", "XQ_EXPONENT", "XQ_SHIFT", "Norm", "affine", "backward", "gamma16", "normalise"]

#: x_hat, of exponent -12, becomes PINT8 by this shift, so that its exponent is always -8.
XQ_SHIFT, XQ_EXPONENT = 4, -8
#: Width of the sums over pixels and batch.
SUM_BITS = 56
GAMMA_BITS = 16

_MAX_SUM = (1 << 48) - 1


@dataclass(frozen=True)
class Norm:
    """1/nu = m * 2^el of each image and channel, and the shift `pr` before the multiplication, [n][c][1][1]."""

    m: np.ndarray
    el: np.ndarray
    pr: np.ndarray


def reciprocal(total, pixels: int) -> Norm:
    """1/nu from S = sum |x| + N, saturated at 2^48 - 1.

    m = min(floor((N << (34-bN)) / Sn), 2^17 - 1) with Sn = S normalised to 18 bits, el = bN - L - 16 and
    pr = max(0, L - bN - 17), L = blen(S), bN = blen(N).
    """
    total = np.minimum(total, _MAX_SUM)
    n_bits, s_bits = pixels.bit_length(), bit_length(total)
    normal = np.where(s_bits >= 18, total >> np.maximum(s_bits - 18, 0), total << np.maximum(18 - s_bits, 0))
    m = np.minimum((pixels << (34 - n_bits)) // normal, (1 << 17) - 1)
    return Norm(m, n_bits - s_bits - 16, np.maximum(0, s_bits - n_bits - 17))


def normalise(x) -> tuple[np.ndarray, Norm]:
    """(x_hat in Q6.12 of 18 bits, 1/nu) of the wide sums x.

    x_hat = sat18(rsh(sat25(x >> pr) * m, -(el+pr) - 12)). Its exponent is -12 whatever that of x.
    """
    x = np.asarray(x, np.int64)
    pixels = x.shape[2] * x.shape[3]
    norm = reciprocal(np.abs(x).sum(axis=(2, 3), keepdims=True) + pixels, pixels)
    return saturate(rsh(saturate(x >> norm.pr, 25) * norm.m, -(norm.el + norm.pr) - 12), 18), norm


def gamma16(gamma) -> np.ndarray:
    """g16 = sat16(rsh(gamma, 12)): gamma at exponent -12."""
    return saturate(rsh(gamma, 12), GAMMA_BITS)


def affine(x_hat, gamma, beta, shortcut: Tensor | None = None) -> np.ndarray:
    """y = sat48(x_hat * g16 + beta [+ rsh(t, -(e + 24)) of the shortcut]), exponent -24."""
    y = x_hat * gamma16(gamma)[:, None, None] + np.asarray(beta, np.int64)[:, None, None]
    if shortcut is not None:
        y = y + _aligned(shortcut)
    return saturate(y, 48)


def _aligned(shortcut: Tensor) -> np.ndarray:
    """The shortcut at exponent -24; a left shift beyond 48 saturates the sum all the same."""
    shift = -(int(shortcut.e) + 24)
    return rsh(shortcut.t, shift) if shift > 0 else shift_left(shortcut.t, min(-shift, 48))


def backward(dd, xq, gamma, norm: Norm, ex: int, ed: int) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Errors of the sums x, and the gradients of gamma and beta.

    dgn = sum dd * xq over the pixels, mean = dgn / N, g = sat25(dd - sign(xq) * mean), dx = g * gl with
    gl = sat18(rsh(g16 * m, 15)).

    Parameters
    ----------
    dd : array of int, 25 bits, exponent ed
    xq : values of x_hat in PINT8, exponent -8
    gamma : [c], exponent -24
    norm : Norm
    ex, ed : int
        Exponents of x and dd.

    Returns
    -------
    dx with exponent ed + 3 - ex + el of each image and channel; dgamma [c] at ed - 8; dbeta [c] at ed.
    """
    pixels = dd.shape[2] * dd.shape[3]
    n_bits = pixels.bit_length()
    dgn = wrap((dd * xq).sum(axis=(2, 3), keepdims=True), SUM_BITS)
    u = saturate(rsh(dgn, 8 + n_bits - 1), 25)
    mean = saturate(rsh(u * ((1 << (n_bits + 15)) // pixels), 16), 25)
    g = saturate(dd - np.sign(xq) * mean, 25)
    gl = saturate(rsh(gamma16(gamma)[:, None, None] * norm.m, 15), 18)
    dgamma = wrap(dgn.sum(axis=(0, 2, 3)), SUM_BITS)
    dbeta = wrap(dd.sum(axis=(0, 2, 3)), SUM_BITS)
    return Tensor(g * gl, ed + 3 - ex + norm.el), dgamma, dbeta
