"""A training run: epochs over a data set, evaluation, checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from gen.model.zoo import build
from hw.arch.checks import ConfigError
from sim.golden.step.initial import epoch_order

from .checkpoint import Checkpoint
from .data.samples import DataError, DataSet, Samples
from .engines import ENGINES
from .settings import Epoch, Settings

__all__ = ["Run"]

_EVALUATION_BATCH = 64
#: Products of a batch below which threads of the linear algebra cost more than they save.
_FEW_PRODUCTS = 1 << 30


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
        mean = (losses / (steps * batch), right / (steps * batch))
        self.epochs.append(Epoch(*mean, test_loss, test_accuracy, settings.epochs))
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
        """Write a checkpoint, whole or not at all."""
        Checkpoint(path, self.settings, _extent(self.data), self.epochs, self.engine.state()).save()

    @classmethod
    def resume(cls, checkpoint: Checkpoint, data: DataSet, epochs: int | None = None) -> "Run":
        """Continue from a checkpoint.

        Parameters
        ----------
        checkpoint : Checkpoint
        data : DataSet
        epochs : int, optional
            Epochs of the whole run, in place of the checkpoint's. The rates of those to come are those of a run of so
            many; those that are done keep theirs.

        Raises
        ------
        CheckpointError
            If the checkpoint was made with other images, or does not hold what its settings ask for.
        """
        checkpoint.check_images(_extent(data))
        settings = checkpoint.settings if epochs is None else replace(checkpoint.settings, epochs=epochs)
        try:
            run = cls(settings, data, list(checkpoint.epochs))
        except ConfigError as error:
            raise checkpoint.wrong_settings(error) from None
        checkpoint.check_arrays(run.engine.state(), run.steps)
        run.engine.restore(checkpoint.arrays)
        return run


def _extent(data: DataSet) -> str:
    shape = "x".join(map(str, data.shape))
    return f"{len(data.train)} + {len(data.test)} images of {shape} in {data.classes} classes"
