"""A small residual network in float32 with NumPy, trained on the digits: real tensors for the array.

::

    images - conv1 3x3 - ReLU -+- conv2 3x3 stride 2 - ReLU - conv3 3x3 -+- add - ReLU - global average - fc
                               +------------ shortcut 1x1 stride 2 ------+

conv1 has `channels` outputs, the block twice as many. Only the fully connected layer has a bias.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from gen.model.layer import Layer, Phase

from .data.digits import CLASSES, SIZE, Digits

__all__ = ["Cnn", "floats", "train"]


def _windows(x, layer: Layer) -> np.ndarray:
    """View [n][c][row][column][ky][kx] of what lies under the kernel at each output."""
    padding = (layer.padding, layer.padding)
    padded = np.pad(x, ((0, 0), (0, 0), padding, padding))
    return sliding_window_view(padded, (layer.kernel,) * 2, (2, 3))[:, :, :: layer.stride, :: layer.stride]


def floats(layer: Layer, phase: Phase, *, x: Any = None, w: Any = None, e: Any = None) -> np.ndarray:
    """What a phase of a layer computes, as :func:`sim.golden.conv.results` but on real tensors."""
    if phase == Phase.FP:
        return np.moveaxis(np.tensordot(_windows(x, layer), w, ((1, 4, 5), (1, 2, 3))), 3, 1)
    if phase == Phase.WG:
        return np.tensordot(e, _windows(x, layer), ((0, 2, 3), (0, 2, 3)))
    height, width, p, s = layer.height, layer.width, layer.padding, layer.stride
    total = np.zeros((layer.batch, layer.in_channels, height + 2 * p, width + 2 * p), e.dtype)
    for ky in range(layer.kernel):
        for kx in range(layer.kernel):
            rows, columns = slice(ky, ky + s * layer.out_height, s), slice(kx, kx + s * layer.out_width, s)
            total[:, :, rows, columns] += np.moveaxis(np.tensordot(e, w[:, :, ky, kx], (1, 0)), 3, 1)
    return total[:, :, p : p + height, p : p + width]


class Cnn:
    """The network.

    Parameters
    ----------
    channels : int
        Outputs of conv1.
    rng : numpy.random.Generator
        For the weights to start from, normal with variance 2 / (terms of a sum).

    Attributes
    ----------
    weights : dict of float32 arrays OIHW, by layer
    bias : float32 array, of the fully connected layer
    """

    def __init__(self, channels: int, rng: np.random.Generator):
        self.channels = channels
        self.bias = np.zeros(CLASSES, np.float32)
        shapes = {name: layer.w_shape for name, layer in self.layers(1).items()}
        self.weights = {
            name: (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)
            for name, shape in shapes.items()
        }

    def layers(self, batch: int) -> dict[str, Layer]:
        """The CONV and FC layers by name, for a batch of images."""
        first, block, half = self.channels, 2 * self.channels, SIZE // 2
        return {
            "conv1": Layer(batch, 1, first, SIZE, SIZE, 3, 1, 1),
            "conv2": Layer(batch, first, block, SIZE, SIZE, 3, 2, 1),
            "conv3": Layer(batch, block, block, half, half, 3, 1, 1),
            "shortcut": Layer(batch, first, block, SIZE, SIZE, 1, 2, 0),
            "fc": Layer(batch, block, CLASSES),
        }

    def tensors(self, digits: Digits) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
        """Return the logits of the digits, and of each layer the input x, the weights w and the error e.

        Errors are those of the softmax cross-entropy, summed over the batch.
        """
        layers, w, x, e = self.layers(len(digits)), self.weights, {}, {}

        def forward(name):
            return floats(layers[name], Phase.FP, x=x[name], w=w[name])

        def backward(name):
            return floats(layers[name], Phase.BP, e=e[name], w=w[name])

        x["conv1"] = digits.images
        first = np.maximum(forward("conv1"), 0)
        x["conv2"] = x["shortcut"] = first
        second = np.maximum(forward("conv2"), 0)
        x["conv3"] = second
        third = np.maximum(forward("conv3") + forward("shortcut"), 0)
        x["fc"] = third.mean((2, 3), keepdims=True)
        logits = forward("fc")[:, :, 0, 0] + self.bias

        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        e["fc"] = (p - np.eye(CLASSES, dtype=p.dtype)[digits.labels])[:, :, None, None]
        e["conv3"] = e["shortcut"] = backward("fc") / third[0, 0].size * (third > 0)
        e["conv2"] = backward("conv3") * (second > 0)
        e["conv1"] = (backward("conv2") + backward("shortcut")) * (first > 0)
        return logits, {name: {"x": x[name], "w": w[name], "e": e[name]} for name in layers}

    def accuracy(self, digits: Digits) -> float:
        """Share of the digits that the network tells right."""
        return float(np.mean(self.tensors(digits)[0].argmax(axis=1) == digits.labels))


@threadpool_limits.wrap(limits=1)  # The products are too small for threads, which wait most of the time.
def train(
    channels: int,
    digits: Digits,
    *,
    seed: int,
    epochs: int = 8,
    batch: int = 32,
    rate: float = 0.1,
    momentum: float = 0.9,
    progress: Callable[[int, int], None] = lambda step, steps: None,
) -> Cnn:
    """Train a network by stochastic gradient descent with momentum.

    Parameters
    ----------
    channels : int
        Outputs of conv1.
    digits : Digits
        The training set.
    seed : int
        Seed of the weights to start from and of the order of the digits.
    epochs, batch : int
    rate, momentum : float
        The rate falls linearly to zero.
    progress : callable
        Called with the number of the step and of all steps.
    """
    rng = np.random.default_rng(seed)
    cnn = Cnn(channels, rng)
    parameters = {**cnn.weights, "bias": cnn.bias}
    velocity = {name: np.zeros_like(values) for name, values in parameters.items()}
    per_epoch = len(digits) // batch
    for step in range(epochs * per_epoch):
        if step % per_epoch == 0:
            order = rng.permutation(len(digits))
        progress(step, epochs * per_epoch)
        some = digits[order[step % per_epoch * batch :][:batch]]
        _, tensors = cnn.tensors(some)
        layers = cnn.layers(len(some))
        gradients = {name: floats(layers[name], Phase.WG, x=each["x"], e=each["e"]) for name, each in tensors.items()}
        gradients["bias"] = tensors["fc"]["e"].sum((0, 2, 3))
        now = rate * (1 - step / (epochs * per_epoch))
        for name, values in parameters.items():
            velocity[name] = momentum * velocity[name] - now / len(some) * gradients[name]
            values += velocity[name]
    return cnn
