"""The loss of TaxoNN networks during training, for the study of bit widths."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hw.arch.taxonn.config import Activation

from . import run as taxonn

__all__ = ["Curve", "loss", "measure"]


@dataclass(frozen=True)
class Curve:
    """The losses of all steps of a training run, before their updates, and the test accuracy in percent at its end."""

    losses: np.ndarray
    test_accuracy: float


def loss(kind: Activation, y, label: int) -> float:
    """Loss of real outputs `y`, for softmax the logits: -log of the label's softmax, else half the squared error."""
    y = np.asarray(y, np.float64)
    if kind == Activation.SOFTMAX:
        return float(np.log(np.exp(y - y.max()).sum()) + y.max() - y[label])
    return float(((y - np.eye(len(y))[label]) ** 2).sum() / 2)


def measure(run: taxonn.Run, engine: str, progress: Callable[[int], None] = lambda step: None) -> Curve:
    """Train by `engine`, `golden` or `float`, and return the losses."""
    training, test = taxonn.data(run)
    net, kind = taxonn.network(run, engine), run.config.activations[-1]
    unit = 1 if engine == "float" else run.config.formats[-1].one
    losses = []
    for step, (index, rate) in enumerate(run.samples(training)):
        progress(step)
        label, x = int(training.labels[index]), taxonn.inputs(run, engine, training[index : index + 1])[0]
        losses.append(loss(kind, net.train(x, label, rate) / unit, label))
    return Curve(np.array(losses), taxonn.accuracy(run, engine, net, test))
