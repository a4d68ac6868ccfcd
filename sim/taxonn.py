"""Training of a TaxoNN network on the digits, by its golden model or its float32 twin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hw.spec.taxonn import TaxonnConfig

from . import digits
from .golden.taxonn import schedule
from .golden.taxonn.fixed import quantize
from .golden.taxonn.network import Network
from .golden.taxonn.twin import FloatNetwork
from .taxonn_images import scale

__all__ = ["Run", "accuracy", "codes", "data", "inputs", "network", "start", "train"]


@dataclass(frozen=True)
class Run:
    """What a training run depends on, beside the engine.

    Parameters
    ----------
    config : TaxonnConfig
        With 64 inputs and 10 outputs.
    rate : float
        Learning rate of the first epoch.
    epochs : int
    seed : int
        Of initial weights, order and rounding noise.
    limit : int or None
        Train on the first samples only, as many.
    """

    config: TaxonnConfig
    rate: float
    epochs: int
    seed: int
    limit: int | None = None

    def __post_init__(self):
        sizes = self.config.layers[0], self.config.layers[-1]
        if self.config.convolutions:
            if (self.config.convolutions[0].channels, sizes[1]) != (1, digits.CLASSES):
                raise ValueError("Layers must begin with maps of 1 channel and end with 10 for the digits")
        elif sizes != (digits.SIZE**2, digits.CLASSES):
            raise ValueError(f"Layers must begin with 64 and end with 10 for the digits, not {sizes[0]} and {sizes[1]}")
        if self.epochs < 1:
            raise ValueError(f"Epochs must be at least 1, not {self.epochs}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"Samples must be at least 1, not {self.limit}")

    def samples(self, training: digits.Digits) -> Iterator[tuple[int, float]]:
        """Yield index of the sample and learning rate of every step."""
        for epoch in range(self.epochs):
            rate = schedule.epoch_rate(self.rate, epoch, self.epochs)
            for index in schedule.epoch_order(self.seed, epoch, len(training)):
                yield int(index), rate


def data(run: Run) -> tuple[digits.Digits, digits.Digits]:
    """Samples to train on and to test on."""
    training, test = digits.load()
    return training[: run.limit], test


def _flat(run: Run, images) -> np.ndarray:
    if run.config.convolutions:
        images = scale(images, run.config.convolutions[0])
    return images.reshape(len(images), -1)


def codes(run: Run, images) -> np.ndarray:
    """Images [n][64] as codes in the format of layer 1."""
    return quantize(_flat(run, images), run.config.formats[0])


def start(run: Run) -> list[np.ndarray]:
    """Codes of the initial weights."""
    weights = schedule.initial_weights(run.config, run.seed)
    return [quantize(w, form) for w, form in zip(weights, run.config.formats, strict=True)]


def network(run: Run, engine: str) -> Network | FloatNetwork:
    """The untrained network of an engine, `golden` or `float`."""
    if engine == "float":
        return FloatNetwork(run.config, schedule.initial_weights(run.config, run.seed))
    return Network(run.config, start(run), run.seed)


def inputs(run: Run, engine: str, data: digits.Digits) -> np.ndarray:
    """Samples [n][64] as an engine takes them."""
    return _flat(run, data.images) if engine == "float" else codes(run, data.images)


def train(
    run: Run, engine: str, progress: Callable[[int], None] = lambda step: None
) -> tuple[Network | FloatNetwork, np.ndarray]:
    """Train a network of the engine on the digits; return it, and which samples it told right before their update.

    Parameters
    ----------
    run : Run
    engine : str
        `golden` or `float`.
    progress : callable
        Called with the number of each step.
    """
    training, _ = data(run)
    net, x, right = network(run, engine), inputs(run, engine, training), []
    for step, (index, rate) in enumerate(run.samples(training)):
        progress(step)
        label = int(training.labels[index])
        right.append(int(net.train(x[index], label, rate).argmax()) == label)
    return net, np.array(right)


def accuracy(run: Run, engine: str, net, data: digits.Digits) -> float:
    """Percent of the digits that a network tells right."""
    outputs = [net.infer(x).argmax() for x in inputs(run, engine, data)]
    return 100 * float(np.mean(np.array(outputs) == data.labels))
