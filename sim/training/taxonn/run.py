"""Training of a TaxoNN network on images, by its golden model or its float32 twin."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hw.arch.checks import ConfigError
from hw.arch.taxonn.config import TaxonnConfig
from sim.golden.taxonn import schedule
from sim.golden.taxonn.fixed import quantize
from sim.golden.taxonn.network import Network
from sim.golden.taxonn.twin import FloatNetwork
from sim.training.data import digits

from .data import load, shape_of
from .images import scale

__all__ = ["Run", "accuracy", "codes", "data", "inputs", "network", "start", "train"]


@dataclass(frozen=True)
class Run:
    """What a training run depends on, beside the engine.

    Parameters
    ----------
    config : TaxonnConfig
        With an input a pixel, or convolutions first, and an output a class.
    rate : float
        Learning rate of the first epoch.
    epochs : int
    seed : int
        Of initial weights, order and rounding noise.
    limit : int or None
        Train on the first samples only, as many.
    dataset : str
        As :func:`sim.training.taxonn.data.load` takes it.
    """

    config: TaxonnConfig
    rate: float
    epochs: int
    seed: int
    limit: int | None = None
    dataset: str = "digits"

    def __post_init__(self):
        (channels, height, width), classes = shape_of(self.dataset), load(self.dataset)[2]
        what = "the digits" if self.dataset == "digits" else f"images of {channels}x{height}x{width}"
        sizes, pixels = (self.config.layers[0], self.config.layers[-1]), channels * height * width
        if self.config.convolutions:
            if (self.config.convolutions[0].channels, sizes[1]) != (channels, classes):
                maps = f"maps of {channels} channel{'s' * (channels > 1)}"
                raise ConfigError(f"Layers must begin with {maps} and end with {classes} for {what}")
        elif sizes != (pixels, classes):
            must = f"begin with {pixels} and end with {classes} for {what}"
            raise ConfigError(f"Layers must {must}, not {sizes[0]} and {sizes[1]}")
        if self.epochs < 1:
            raise ConfigError(f"Epochs must be at least 1, not {self.epochs}")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"Samples must be at least 1, not {self.limit}")

    def samples(self, training: digits.Digits) -> Iterator[tuple[int, float]]:
        """Yield index of the sample and learning rate of every step."""
        for epoch in range(self.epochs):
            rate = schedule.epoch_rate(self.rate, epoch, self.epochs)
            for index in schedule.epoch_order(self.seed, epoch, len(training)):
                yield int(index), rate


def data(run: Run) -> tuple[digits.Digits, digits.Digits]:
    """Samples to train on and to test on."""
    training, test, _ = load(run.dataset)
    return training[: run.limit], test


def _flat(run: Run, images) -> np.ndarray:
    if run.config.convolutions:
        images = scale(images, run.config.convolutions[0])
    return images.reshape(len(images), -1)


def codes(run: Run, images) -> np.ndarray:
    """Images [n] as codes [n][inputs] in the format of layer 1."""
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
    """Samples [n][inputs] as an engine takes them."""
    return _flat(run, data.images) if engine == "float" else codes(run, data.images)


def train(
    run: Run, engine: str, progress: Callable[[int], None] = lambda step: None
) -> tuple[Network | FloatNetwork, np.ndarray]:
    """Train a network of the engine; return it, and which samples it classified correctly before their update.

    Parameters
    ----------
    run : Run
    engine : str
        `golden` or `float`.
    progress : callable
        Called with the number of each step.
    """
    training, _ = data(run)
    net, right = network(run, engine), []
    for step, (index, rate) in enumerate(run.samples(training)):
        progress(step)
        label, x = int(training.labels[index]), inputs(run, engine, training[index : index + 1])[0]
        right.append(int(net.train(x, label, rate).argmax()) == label)
    return net, np.array(right)


def accuracy(run: Run, engine: str, net, data: digits.Digits) -> float:
    """Percent of the samples that a network tells right."""
    outputs = [net.infer(inputs(run, engine, data[i : i + 1])[0]).argmax() for i in range(len(data))]
    return 100 * float(np.mean(np.array(outputs) == data.labels))
