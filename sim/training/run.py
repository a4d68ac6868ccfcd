"""A training run: epochs over a data set, evaluation, checkpoints."""

import json
import math
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from gen.model.zoo import build
from hw.arch.checks import ConfigError
from sim.golden.step.initial import epoch_order
from sim.golden.step.update import WEIGHT_EXPONENT

from .data.samples import DataError, DataSet, Samples
from .engines import ENGINES

__all__ = ["DEFAULT_RATE", "CheckpointError", "Epoch", "Run", "Settings"]

#: Learning rate a sample of the batch, its limit, and that of a network whose FC sees every pixel of its maps.
DEFAULT_RATE, _LARGEST_RATE, _LARGEST_RATES = 0.0025, 0.08, {"vgg6": 0.02}
#: Legal exponents of weights.
_EXPONENTS = (-16, -8)
_VERSION = 1
_EVALUATION_BATCH = 64
#: Products of a batch below which threads of the linear algebra cost more than they save.
_FEW_PRODUCTS = 1 << 30


class CheckpointError(ConfigError):
    """Why a checkpoint cannot be used, in one sentence."""


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
        if self.engine not in ENGINES:
            raise ConfigError(f"Engine must be one of {', '.join(ENGINES)}, not {self.engine!r}")
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
    """What an epoch came to: mean loss and share of right answers in training (before each update) and in the test."""

    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass
class Run:
    """A run that can be saved after each epoch and continued.

    Parameters
    ----------
    settings : Settings
    data : DataSet

    Attributes
    ----------
    engine : Engine
    epochs : list of Epoch
        Those that are done.
    """

    settings: Settings
    data: DataSet
    epochs: list[Epoch] = field(default_factory=list)

    def __post_init__(self):
        settings, data = self.settings, self.data
        if self.steps < 1:
            raise ConfigError(f"Training batch must be at most the {len(data.train)} images, not {settings.batch}")
        if len(data.test) < 1:
            raise DataError("Test set must hold at least one image, not 0")
        self.network = build(settings.net, data.shape, data.classes)
        self.engine = ENGINES[settings.engine](self.network, settings.seed, settings.storage, settings.weight_exponent)

    @property
    def steps(self) -> int:
        """Steps of an epoch; the last incomplete batch is dropped."""
        return len(self.data.train) // self.settings.batch

    @property
    def done(self) -> bool:
        """Whether all epochs are done."""
        return len(self.epochs) >= self.settings.epochs

    def train_epoch(self, progress: Callable[[int, float], None] = lambda step, loss: None) -> Epoch:
        """Train one epoch and test; `progress` is called with the number of each step and its mean loss."""
        few = self.network.macs * self.settings.batch < _FEW_PRODUCTS
        with threadpool_limits(1 if few else None):
            return self._train_epoch(progress)

    def _train_epoch(self, progress) -> Epoch:
        settings, number, steps = self.settings, len(self.epochs), self.steps
        order = epoch_order(settings.seed, number, len(self.data.train))
        batch, losses, right = settings.batch, 0.0, 0
        for step in range(steps):
            index = order[step * batch : (step + 1) * batch]
            rate = settings.rate(number * steps + step, settings.epochs * steps)
            loss, correct = self.engine.train(
                self.data.train.pixels(index), self.data.train.labels[index], rate / batch, settings.decay * batch
            )
            losses, right = losses + loss, right + correct
            progress(step, loss / batch)
        test_loss, test_accuracy = self._evaluate(self.data.test)
        self.epochs.append(Epoch(losses / (steps * batch), right / (steps * batch), test_loss, test_accuracy))
        return self.epochs[-1]

    def _evaluate(self, samples: Samples) -> tuple[float, float]:
        """Mean loss and share of right answers."""
        losses, right = 0.0, 0
        for start in range(0, len(samples), _EVALUATION_BATCH):
            index = np.arange(start, min(start + _EVALUATION_BATCH, len(samples)))
            loss, correct = self.engine.evaluate(samples.pixels(index), samples.labels[index])
            losses, right = losses + loss, right + correct
        return losses / len(samples), right / len(samples)

    def save(self, path: Path) -> None:
        """Write a checkpoint, all or nothing."""
        meta = {
            "version": _VERSION,
            "settings": asdict(self.settings),
            "images": _extent(self.data),
            "epochs": [asdict(each) for each in self.epochs],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".gradgate-", delete=False) as file:
            try:
                np.savez(file, allow_pickle=False, **self.engine.state() | {"meta": np.array(json.dumps(meta))})
            except BaseException:
                os.unlink(file.name)
                raise
        os.replace(file.name, path)

    @staticmethod
    def settings_of(path: Path) -> Settings:
        """The settings of a checkpoint.

        Raises
        ------
        CheckpointError
            If the file is not a checkpoint of this version.
        """
        return Settings(**_load(path)[0]["settings"])

    @classmethod
    def resume(cls, path: Path, data: DataSet) -> "Run":
        """Continue from a checkpoint.

        Raises
        ------
        CheckpointError
            If the file is not a checkpoint of this version, or was made with other images.
        """
        meta, state = _load(path)
        if meta["images"] != _extent(data):
            raise CheckpointError(f"Checkpoint {path} needs the data {meta['images']}, not {_extent(data)}")
        run = cls(Settings(**meta["settings"]), data, [Epoch(**each) for each in meta["epochs"]])
        run.engine.restore(state)
        return run


def _extent(data: DataSet) -> str:
    shape = "x".join(map(str, data.shape))
    return f"{len(data.train)} + {len(data.test)} images of {shape} in {data.classes} classes"


def _load(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop("meta")))
    except FileNotFoundError:
        raise CheckpointError(f"Checkpoint must be a file, but {path} does not exist") from None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile):
        raise CheckpointError(f"Checkpoint must be written by gradgate train, which {path} is not") from None
    if meta.get("version") != _VERSION:
        raise CheckpointError(f"Checkpoint {path} must be of version {_VERSION}, not {meta.get('version')}")
    return meta, arrays
