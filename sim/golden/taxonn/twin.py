"""The same network in float32: what the accuracy of the fixed-point machine is held against."""

import numpy as np

from hw.arch.taxonn.config import Activation, TaxonnConfig

from .conv import columns, fold, pool, spread

__all__ = ["FloatNetwork"]


class FloatNetwork:
    """Float32 network with the interface of :class:`.network.Network`; `x` and `weights` are real numbers."""

    def __init__(self, config: TaxonnConfig, weights):
        self.config = config
        self.weights = [np.array(w, np.float32) for w in weights]

    def _forward(self, x):
        values, places = [np.asarray(x, np.float32)], []
        for kind, maps, weights in zip(self.config.activations, self.config.maps, self.weights, strict=True):
            place = None
            if maps:
                z, place = pool(maps, columns(maps, values[-1]) @ weights[:, :-1].T + weights[:, -1])
                z /= maps.averaged
            else:
                z = weights[:, :-1] @ values[-1] + weights[:, -1]
            values.append(_activate(kind, z))
            places.append(place)
        return values, places

    def infer(self, x) -> np.ndarray:
        """Outputs of the last layer; logits for softmax."""
        return self._forward(x)[0][-1]

    def train(self, x, label: int, rate: float) -> np.ndarray:
        """Train with one sample; return its outputs before the update."""
        values, places = self._forward(x)
        y, kinds = values[-1], self.config.activations
        target = np.eye(len(y), dtype=np.float32)[label]
        if kinds[-1] == Activation.SOFTMAX:
            e = np.exp(y - y.max())
            gradient = e / e.sum() - target
        else:
            gradient = (y - target) * _derive(kinds[-1], y)
        for i in range(self.config.depth - 1, -1, -1):
            weights, x, maps = self.weights[i], values[i], self.config.maps[i]
            if maps:
                full = spread(maps, gradient / maps.averaged, places[i])
                error = fold(maps, full @ weights[:, :-1])
                change = np.column_stack([full.T @ columns(maps, x), full.sum(axis=0)])
            else:
                error = gradient @ weights[:, :-1]
                change = np.outer(gradient, np.append(x, np.float32(1)))
            weights -= np.float32(rate) * change
            if i:
                gradient = error * _derive(kinds[i - 1], x)
        return y


def _activate(kind: Activation, z):
    if kind == Activation.RELU:
        return np.maximum(z, 0)
    if kind == Activation.SIGMOID:
        return 1 / (1 + np.exp(-z))
    return np.tanh(z) if kind == Activation.TANH else z


def _derive(kind: Activation, y):
    if kind == Activation.RELU:
        return (y > 0).astype(np.float32)
    if kind == Activation.SIGMOID:
        return y * (1 - y)
    return 1 - y * y if kind == Activation.TANH else np.ones_like(y)
