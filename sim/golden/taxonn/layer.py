"""A fully connected layer: what its PEs hold and compute.

A row of `weights` is the scratchpad of a PE: N_{i-1} weights and the bias as the last word, whose input is
always 1.0. All codes have the layer's format (I, F).
"""

import numpy as np

from hw.arch.checks import ConfigError
from hw.arch.taxonn.config import RATE_SHIFT, Activation, FixedFormat

from .activation import activate, derive
from .fixed import rescale, saturate, shift_round
from .noise import weight_noise

__all__ = ["FcLayer", "Layer", "rate_code"]


def rate_code(rate: float, form: FixedFormat) -> int:
    """Word of the learning-rate register: alpha in units of 2^-(F + 3), 0 to the greatest code, by nearest.

    Raises
    ------
    ConfigError
        If the rate is negative, no number, or does not fit.
    """
    code = np.floor(rate * (form.one << RATE_SHIFT) + 0.5)
    if not 0 <= code <= form.high:
        top = form.high / (form.one << RATE_SHIFT)
        raise ConfigError(f"Learning rate must be 0 to {top:g} in format ({form}), not {rate:g}")
    return int(code)


class Layer:
    """What all layers share.

    Parameters
    ----------
    weights : int64 array
        Codes, a neuron or filter a row, its bias last.
    kind : Activation
    form : FixedFormat
    """

    def __init__(self, weights, kind: Activation, form: FixedFormat):
        self.weights, self.kind, self.form = weights, kind, form

    @property
    def gradient_fraction(self) -> int:
        """Fraction bits of G as the layer's own products take it."""
        return self.form.fraction

    def gradient(self, sums, fraction: int, derivative, noise=None) -> np.ndarray:
        """G of this layer from the sums of the next, which have `fraction` fraction bits."""
        error = rescale(sums, fraction, self.form, noise)
        return saturate(shift_round(error * derivative, self.form.fraction), self.form)


class FcLayer(Layer):
    """One fully connected layer; its weights are [N_i][N_{i-1} + 1], changed in place by :meth:`update`."""

    def forward(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Return y and f'; z is the exact sum, rounded to nearest and saturated."""
        total = self.weights @ np.append(x, self.form.one)
        z = rescale(total, 2 * self.form.fraction, self.form)
        y = activate(self.kind, z, self.form)
        return y, derive(self.kind, y, self.form)

    def back_sums(self, gradient) -> np.ndarray:
        """Sums s[j] = sum_r W[r][j] G[r] with 2F fraction bits, exact."""
        return gradient @ self.weights[:, :-1]

    def update(self, x, gradient, rate: int, noise=None) -> None:
        """W[r][j] -= alpha G[r] x[j] in place.

        D[j] = (-rate * x[j]) / 2^F to nearest, saturated, in units of 2^-(F + 3); then
        W[r][j] = floor((W[r][j] * 2^(F + 3) + G[r] * D[j] + h) / 2^(F + 3)), saturated, where h is a half
        or the noise of the weight.
        """
        step = saturate(shift_round(-rate * np.append(x, self.form.one), self.form.fraction), self.form)
        bits = self.form.fraction + RATE_SHIFT
        total = (self.weights << bits) + np.outer(gradient, step)
        self.weights[:] = saturate(shift_round(total, bits, noise), self.form)

    def weight_noise(self, key: int, step: int) -> np.ndarray:
        """Noise [neuron][input] of an update."""
        return weight_noise(key, step, *self.weights.shape)
