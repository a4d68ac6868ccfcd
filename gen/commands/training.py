"""Training runs for the command line: settings, progress, results."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from gen.errors import UserError, flag_of
from gen.model.zoo import FIXED_SHAPES
from gen.progress import Progress
from hw.arch.checks import ConfigError
from sim.charts.training import draw
from sim.training.data import catalogue as data
from sim.training.data.samples import DataError
from sim.training.run import Run, Settings

__all__ = ["run"]

#: Options that a checkpoint holds too; given with --resume they must agree.
_SETTINGS = ("net", "data", "engine", "batch", "epochs", "lr", "decay", "seed", "storage", "weight_exponent")


def run(arguments: argparse.Namespace) -> None:
    """Train as the arguments of `gradgate train` say.

    Raises
    ------
    UserError
        If an argument, the data or a checkpoint is wrong.
    """
    try:
        trained = _prepare(arguments)
        if arguments.plot:
            draw(trained, arguments.plot)  # a plot that cannot be drawn fails before the training
    except ConfigError as error:
        raise UserError(str(error)) from None
    checkpoint = arguments.checkpoint or arguments.resume or _default_checkpoint(trained.settings)
    try:
        seconds = _train(trained, checkpoint, quiet=arguments.json)
    except DataError as error:
        raise UserError(str(error)) from None
    if arguments.plot:
        draw(trained, arguments.plot)
    last = trained.epochs[-1]
    if arguments.json:
        result = {
            "test_accuracy": round(100 * last.test_accuracy, 4),
            "weights_digest": trained.engine.digest(),
            "losses": [each.loss for each in trained.epochs],
            "test_losses": [each.test_loss for each in trained.epochs],
            "test_accuracies": [round(100 * each.test_accuracy, 4) for each in trained.epochs],
            "settings": asdict(trained.settings),
            "checkpoint": str(checkpoint),
            "seconds": round(seconds, 1),
        }
        print(json.dumps(result))
        return
    print(f"Test accuracy {last.test_accuracy:.2%}, weights {trained.engine.digest()[:16]}, checkpoint {checkpoint}")


def _prepare(arguments: argparse.Namespace) -> Run:
    """The run that the arguments ask for, new or continued."""
    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    if arguments.resume:
        settings = Run.settings_of(arguments.resume)
        for name, value in given.items():
            if value != getattr(settings, name):
                kept = getattr(settings, name)
                raise UserError(f"Option {flag_of(name)} must be the checkpoint's {kept}, not {value}")
        return Run.resume(arguments.resume, _data(settings))
    given.setdefault("net", "resnet8")
    given.setdefault("data", "digits")
    given.setdefault("lr", Settings.default_rate(given["net"], given.get("batch", Settings.batch)))
    settings = Settings(**given)
    return Run(settings, _data(settings))


def _data(settings: Settings) -> data.DataSet:
    return data.load(settings.data, FIXED_SHAPES.get(settings.net))


def _save(run: Run, checkpoint: Path) -> None:
    try:
        run.save(checkpoint)
    except OSError as error:
        raise UserError(f"Checkpoint must be writable, but {checkpoint} is not ({error.strerror})") from None


def _default_checkpoint(settings: Settings) -> Path:
    return Path("build") / "train" / f"{settings.net}-{settings.engine}-seed{settings.seed}.npz"


def _train(run: Run, checkpoint: Path, quiet: bool) -> float:
    """Train to the end; return the seconds that it took."""
    show = sys.stderr if quiet else sys.stdout
    start, epochs = time.monotonic(), run.settings.epochs
    first = len(run.epochs)
    print(f"{'epoch':>5} {'loss':>8} {'accuracy':>9} {'test loss':>10} {'accuracy':>9} {'seconds':>8}", file=show)
    _save(run, checkpoint)  # a place that cannot be written fails before the training
    with Progress() as progress:
        while not run.done:
            number = len(run.epochs)

            def report(step, loss, number=number):
                done = (number - first) * run.steps + step + 1
                left = (time.monotonic() - start) / done * ((epochs - first) * run.steps - done)
                place = f"epoch {number + 1} of {epochs}, step {step + 1} of {run.steps}"
                progress.show(f"{place}, loss {loss:.4f}, {left:.0f} s left")

            begin = time.monotonic()
            each = run.train_epoch(report)
            _save(run, checkpoint)
            progress.clear()
            print(
                f"{number + 1:>5} {each.loss:>8.4f} {each.accuracy:>9.2%} {each.test_loss:>10.4f} "
                f"{each.test_accuracy:>9.2%} {time.monotonic() - begin:>8.1f}",
                file=show,
                flush=True,
            )
    return time.monotonic() - start
