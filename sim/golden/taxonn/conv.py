"""A convolution with its pooling: what the PEs of a layer hold and compute.

A row of `weights` is a filter in the order of :attr:`hw.arch.taxonn.maps.Convolution.taps`, the bias last. Sums are
exact. All codes have the layer's format (I, F).
"""

import numpy as np

from hw.arch.taxonn.config import NOISE_BITS, RATE_SHIFT, Activation, FixedFormat
from hw.arch.taxonn.maps import Convolution

from .activation import activate, derive
from .fixed import rescale, saturate, shift_round
from .layer import Layer
from .noise import WEIGHT, element_noise, rotate

__all__ = ["ConvLayer", "columns", "fold", "pool", "spread"]


def columns(maps: Convolution, x) -> np.ndarray:
    """What every sum multiplies by the weights: [rows * columns of sums][taps]."""
    p, k = maps.padding, maps.kernel
    padded = np.pad(x.reshape(maps.height, maps.width, maps.channels), ((p, p), (p, p), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), (0, 1))[: maps.rows, : maps.columns]
    return windows.transpose(0, 1, 3, 2, 4).reshape(maps.rows * maps.columns, maps.taps)


def pool(maps: Convolution, sums) -> tuple[np.ndarray, np.ndarray | None]:
    """Greatest of the sums [rows * columns][M] of each window, and its place P dy + dx there, the first if several.

    For an average the sum of each window, and no places.
    """
    (rows, cols), side = maps.pooled, maps.pool
    windows = sums.reshape(rows, side, cols, side, maps.filters).transpose(0, 2, 4, 1, 3)
    windows = windows.reshape(maps.outputs, side * side)
    if maps.average:
        return windows.sum(axis=1), None
    places = windows.argmax(axis=1)
    return windows[np.arange(maps.outputs), places], places


def spread(maps: Convolution, values, places) -> np.ndarray:
    """Values of the outputs at the places of their sums, 0 elsewhere, or without places at all: [rows * columns][M]."""
    (rows, cols), side = maps.pooled, maps.pool
    full = np.zeros((maps.outputs, side * side), np.asarray(values).dtype)
    if places is None:
        full[:] = values[:, None]
    else:
        full[np.arange(maps.outputs), places] = values
    full = full.reshape(rows, cols, maps.filters, side, side).transpose(0, 3, 1, 4, 2)
    return full.reshape(maps.rows * maps.columns, maps.filters)


def fold(maps: Convolution, products) -> np.ndarray:
    """The transpose of :func:`columns`: sums over all places [h * w * d] of products [rows * columns][taps]."""
    p, k = maps.padding, maps.kernel
    total = np.zeros((maps.height + 2 * p, maps.width + 2 * p, maps.channels), products.dtype)
    blocks = products.reshape(maps.rows, maps.columns, k, maps.channels, k)
    for i in range(k):
        for j in range(k):
            total[i : i + maps.rows, j : j + maps.columns] += blocks[:, :, i, :, j]
    return total[p : p + maps.height, p : p + maps.width].ravel()


def _matmul(a, b) -> np.ndarray:
    """The exact product; by BLAS, which is fast, where float64 holds every sum."""
    if a.shape[1] * int(abs(a).max()) * int(abs(b).max()) < 1 << 53:
        return np.rint(np.asarray(a, np.float64) @ np.asarray(b, np.float64)).astype(np.int64)
    return a @ b


class ConvLayer(Layer):
    """One convolution.

    Parameters
    ----------
    weights : int64 array [M][k k d + 1]
        Codes, changed in place by :meth:`update`.
    kind : Activation
    form : FixedFormat
    maps : Convolution

    Attributes
    ----------
    places : array [N_i]
        Where in its window each output came from, in the last :meth:`forward`; None for averages.
    """

    def __init__(self, weights, kind: Activation, form: FixedFormat, maps: Convolution):
        super().__init__(weights, kind, form)
        self.maps, self.places = maps, None

    def forward(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Return y, and f' times the slope of an average.

        z is the greatest exact sum of a window, or the mean of its sums, rounded once to nearest and saturated.
        """
        fraction = self.form.fraction
        sums = _matmul(columns(self.maps, x), self.weights[:, :-1].T) + self.weights[:, -1] * self.form.one
        total, self.places = pool(self.maps, sums)
        ratio, cut = self.maps.mean(self.form.width)
        if ratio != 1:
            total = total.astype(object) * ratio  # beyond 64 bits
        z = saturate(total + (1 << fraction + cut - 1) >> fraction + cut, self.form).astype(np.int64)
        y = activate(self.kind, z, self.form)
        return y, shift_round(derive(self.kind, y, self.form) * self.maps.slope(fraction), fraction)

    @property
    def gradient_fraction(self) -> int:
        """Fraction bits of the G of a sum."""
        return self.form.fraction + self.maps.spread

    def back_sums(self, gradient) -> np.ndarray:
        """Sums over filters and taps of W G at the places of the G, exact."""
        full = spread(self.maps, gradient, self.places)
        return fold(self.maps, _matmul(full, self.weights[:, :-1]))

    def update(self, x, gradient, rate: int, noise=None) -> None:
        """W -= alpha Q in place, Q the sum over all places of G X.

        Q = round(sum G X) to nearest, saturated; then W = floor((W * 2^(F + 3) - rate * Q + h) / 2^(F + 3)), saturated,
        where h is a half or the noise of the weight. For the bias X is 1.0.
        """
        full, f = spread(self.maps, gradient, self.places), self.form.fraction
        sums = _matmul(full.T, columns(self.maps, x))
        sums = np.column_stack([sums, full.sum(axis=0) * self.form.one])
        step, bits = rescale(sums, f + self.gradient_fraction, self.form), f + RATE_SHIFT
        self.weights[:] = saturate(shift_round((self.weights << bits) - rate * step, bits, noise), self.form)

    def weight_noise(self, key: int, step: int) -> np.ndarray:
        """Noise [filter][tap] of an update.

        Element j is word j of a PE. PE (m, i) of filter m and kernel row i has it rotated left by m + i, for it
        comes through that many PEs and lanes.
        """
        maps = self.maps
        noise = element_noise(key, step, WEIGHT, maps.lane + 1)
        turn = np.arange(maps.filters)[:, None, None] + np.arange(maps.kernel)[:, None]
        turned = rotate(noise, turn % NOISE_BITS)
        return np.column_stack([turned[:, :, :-1].reshape(maps.filters, maps.taps), turned[:, 0, -1]])
