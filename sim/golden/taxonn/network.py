"""The whole network: layers with conversion between their formats, trained one sample at a time."""

import hashlib

import numpy as np

from hw.arch.taxonn.config import Rounding, TaxonnConfig

from .conv import ConvLayer
from .fixed import rescale
from .layer import FcLayer, rate_code
from .loss import output_gradient
from .noise import ERROR, INPUT, NOISE_HALF, element_noise, layer_key

__all__ = ["Network", "weights_digest"]


def weights_digest(weights) -> str:
    """SHA-256 of all weights and biases, layer by layer, row by row, as little-endian 32-bit integers."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(w, "<i4").tobytes() for w in weights)).hexdigest()


class Network:
    """The machine as arithmetic.

    Parameters
    ----------
    config : TaxonnConfig
    weights : list of int64 arrays [N_i][N_{i-1} + 1], [M][k k d + 1] of a convolution
        Codes to start from, copied.
    seed : int
        Seed of the rounding noise, 64 bits.

    Attributes
    ----------
    layers : list of FcLayer and ConvLayer
    step : int
        Training steps done; the noise depends on it.
    """

    def __init__(self, config: TaxonnConfig, weights, seed: int):
        self.config, self.step = config, 0
        self.layers = [
            ConvLayer(np.array(w, np.int64), kind, form, maps) if maps else FcLayer(np.array(w, np.int64), kind, form)
            for w, kind, form, maps in zip(weights, config.activations, config.formats, config.maps, strict=True)
        ]
        self._keys = [layer_key(seed, i + 1) for i in range(config.depth)]

    @property
    def weights(self) -> list[np.ndarray]:
        """Codes of all layers."""
        return [layer.weights for layer in self.layers]

    def _forward(self, x, train: bool):
        """Return inputs and derivatives of all layers, and the outputs of the last."""
        inputs, derivatives, form = [], [], self.config.formats[0]
        for key, layer in zip(self._keys, self.layers, strict=True):
            noise = None
            if self.config.conversion == Rounding.STOCHASTIC:
                noise = element_noise(key, self.step, INPUT, len(x)) if train else NOISE_HALF
            x = rescale(x, form.fraction, layer.form, noise)
            inputs.append(x)
            x, derivative = layer.forward(x)
            derivatives.append(derivative)
            form = layer.form
        return inputs, derivatives, x

    def infer(self, x) -> np.ndarray:
        """Outputs of the last layer for the codes `x` in the format of layer 1; logits for softmax."""
        return self._forward(x, train=False)[2]

    def train(self, x, label: int, rate: float) -> np.ndarray:
        """Train with one sample; return its outputs before the update."""
        inputs, derivatives, y = self._forward(x, train=True)
        last, stochastic = self.layers[-1], self.config.rounding == Rounding.STOCHASTIC
        gradients = [output_gradient(last.kind, y, derivatives[-1], label, last.form)]
        for i in range(self.config.depth - 2, -1, -1):
            layer, after = self.layers[i], self.layers[i + 1]
            noise = element_noise(self._keys[i], self.step, ERROR, self.config.layers[i + 1]) if stochastic else None
            sums = after.back_sums(gradients[0])
            fraction = after.form.fraction + after.gradient_fraction
            gradients.insert(0, layer.gradient(sums, fraction, derivatives[i], noise))
        for key, layer, x, gradient in zip(self._keys, self.layers, inputs, gradients, strict=True):
            noise = layer.weight_noise(key, self.step) if stochastic else None
            layer.update(x, gradient, rate_code(rate, layer.form), noise)
        self.step += 1
        return y
