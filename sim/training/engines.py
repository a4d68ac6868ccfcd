"""The two engines behind one interface: golden integers and the float32 baseline."""

from typing import Protocol

import numpy as np

from gen.model.network import Network
from hw.arch.scalars import Factor
from sim.golden.step import loss
from sim.golden.step.step import GoldenNetwork
from sim.golden.step.update import Storage
from sim.golden.tensor import Tensor

from .float32 import FloatNetwork

__all__ = ["ENGINES", "Engine", "FloatEngine", "GoldenEngine"]


class Engine(Protocol):
    """What trains a network."""

    def train(self, pixels, labels, rate: float, decay: float) -> tuple[float, int]:
        """Train on a batch; return the sum of its losses and how many it had right before.

        `rate` is the learning rate over, `decay` the weight decay times the batch size.
        """
        ...

    def evaluate(self, pixels, labels) -> tuple[float, int]:
        """Sum of the losses of images, and how many are right."""
        ...

    def digest(self) -> str:
        """SHA-256 of all parameters."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on."""
        ...

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state."""
        ...


def _score(p: np.ndarray, logits: np.ndarray, labels) -> tuple[float, int]:
    """Sum of -ln p of the labels, p at least 2^-16, and the number of labels with the first largest logit."""
    chosen = np.maximum(p[np.arange(len(labels)), labels], 2.0**-16)
    return float(-np.log(chosen).sum()), int(np.count_nonzero(logits.argmax(axis=1) == labels))


class GoldenEngine(GoldenNetwork):
    """The golden integers. Only the report of the loss is in floating point, outside of the step."""

    def train(self, pixels, labels, rate: float, decay: float = 0.0) -> tuple[float, int]:
        """Train on a batch, see :class:`Engine`."""
        p = self.step(pixels, labels, Factor.nearest(rate), Factor.nearest(decay) if decay else None)
        return _score(p / 65536, p, labels)

    def evaluate(self, pixels, labels) -> tuple[float, int]:
        """Evaluate images, see :class:`Engine`."""
        logits: Tensor = self.logits(pixels)
        return _score(loss.probabilities(logits) / 65536, logits.t, labels)


class FloatEngine(FloatNetwork):
    """The float32 baseline."""

    @staticmethod
    def _probabilities(logits: np.ndarray) -> np.ndarray:
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def train(self, pixels, labels, rate: float, decay: float = 0.0) -> tuple[float, int]:
        """Train on a batch, see :class:`Engine`."""
        logits = self.logits(pixels)
        p = self._probabilities(logits)
        self.backward(p, labels)
        self.update(rate, decay)
        return _score(p, logits, labels)

    def evaluate(self, pixels, labels) -> tuple[float, int]:
        """Evaluate images, see :class:`Engine`."""
        logits = self.logits(pixels)
        return _score(self._probabilities(logits), logits, labels)


def _golden(network: Network, seed: int, storage: str, weight_exponent: int) -> Engine:
    return GoldenEngine(network, seed, Storage(storage), weight_exponent=weight_exponent)


def _float(network: Network, seed: int, storage: str, weight_exponent: int) -> Engine:
    return FloatEngine(network, seed, weight_exponent)


#: Name -> function of network, seed, storage and exponent of the weights.
ENGINES = {"golden": _golden, "float": _float}
