"""What a training run depends on, and what its epochs come to."""

import math
from dataclasses import dataclass

from gen.model.zoo import NETWORKS
from hw.arch.checks import ConfigError
from sim.golden.step.update import WEIGHT_EXPONENT, Storage

from .engines import ENGINES

__all__ = ["DEFAULT_RATE", "Epoch", "Settings"]

#: Learning rate a sample of the batch, its limit, and that of a network whose FC sees every pixel of its maps.
DEFAULT_RATE, _LARGEST_RATE, _LARGEST_RATES = 0.0025, 0.08, {"vgg6": 0.02}
#: Legal exponents of weights.
_EXPONENTS = (-16, -8)


@dataclass(frozen=True)
class Settings:
    """What a run depends on, beside the images themselves.

    Parameters
    ----------
    net, data, engine : str
        Name of the network, of the data set (or its path) and of the engine, `golden` or `float`.
    batch, epochs, seed : int
    lr : float
        Largest learning rate, for the mean gradient of the batch; it falls to zero along half a cosine.
    decay : float
        Weight decay.
    storage : str
        How the golden engine keeps weights and velocities, `int16` or `pint8`.
    weight_exponent : int
        Exponent of weights in INT16.

    Raises
    ------
    ConfigError
        If a setting is out of its range.
    """

    net: str
    data: str
    engine: str = "golden"
    batch: int = 32
    epochs: int = 10
    lr: float = _LARGEST_RATE
    seed: int = 1
    decay: float = 0.0
    storage: str = "int16"
    weight_exponent: int = WEIGHT_EXPONENT

    def __post_init__(self):
        for name, names in (("net", NETWORKS), ("engine", ENGINES), ("storage", [*Storage])):
            if getattr(self, name) not in names:
                raise ConfigError(f"Training {name} must be one of {', '.join(names)}, not {getattr(self, name)!r}")
        for name in ("batch", "epochs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"Training {name} must be at least 1, not {getattr(self, name)}")
        if not _EXPONENTS[0] <= self.weight_exponent <= _EXPONENTS[1]:
            low, high = _EXPONENTS
            raise ConfigError(f"Training weight exponent must be {low} to {high}, not {self.weight_exponent}")
        if not 0 <= self.seed < 1 << 64:
            raise ConfigError(f"Training seed must be a word of 64 bits, not {self.seed}")
        for name in ("lr", "decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"Training {name} must be at least 0 and finite, not {getattr(self, name)}")

    @staticmethod
    def default_rate(net: str, batch: int) -> float:
        """A learning rate that suits the small networks: proportional to the batch up to 32 images, for vgg6 to 8."""
        return min(DEFAULT_RATE * batch, _LARGEST_RATES.get(net, _LARGEST_RATE))

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step: lr * (1 + cos(pi * step / steps)) / 2."""
        return self.lr * (1 + math.cos(math.pi * step / steps)) / 2


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: mean loss and share of right answers in training (before each update) and in the test.

    `planned` is how many epochs the run was to have: the rates of the epoch are those of a run of so many.
    """

    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    planned: int
