"""Training runs for the command line: settings, progress, results."""

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from gen.errors import UserError, flag_of
from gen.model.zoo import FIXED_SHAPES
from gen.progress import Progress
from hw.arch.checks import ConfigError
from sim.charts.picture import check
from sim.charts.training import draw
from sim.training.checkpoint import Checkpoint
from sim.training.data import catalogue as data
from sim.training.run import Run
from sim.training.settings import Settings

from .output import check_outputs, check_unused, unwritable

__all__ = ["run"]

#: Options that a checkpoint holds too; given with --resume all but the epochs must agree.
_SETTINGS = ("net", "data", "engine", "batch", "epochs", "lr", "decay", "seed", "storage", "weight_exponent")


def run(arguments: argparse.Namespace) -> None:
    """Train as the arguments of `gradgate train` say.

    Raises
    ------
    UserError
        If an argument, the data or a checkpoint is wrong.
    """
    try:
        trained, checkpoint = _prepare(arguments)
        seconds = _train(trained, checkpoint, quiet=arguments.json)
        if arguments.plot:
            draw(trained, arguments.plot)
    except ConfigError as error:
        raise UserError(str(error)) from None
    last = trained.epochs[-1]
    if arguments.json:
        result = {
            "test_accuracy": round(100 * last.test_accuracy, 4),
            "weights_digest": trained.engine.digest(),
            "losses": [each.loss for each in trained.epochs],
            "test_losses": [each.test_loss for each in trained.epochs],
            "test_accuracies": [round(100 * each.test_accuracy, 4) for each in trained.epochs],
            "planned_epochs": [each.planned for each in trained.epochs],
            "settings": asdict(trained.settings),
            "checkpoint": str(checkpoint),
            "seconds": round(seconds, 1),
        }
        print(json.dumps(result))
        return
    print(f"Test accuracy {last.test_accuracy:.2%}, weights {trained.engine.digest()[:16]}, checkpoint {checkpoint}")


def _prepare(arguments: argparse.Namespace) -> tuple[Run, Path]:
    """The run that the arguments ask for, new or continued, and its checkpoint; every path is tried first."""
    given = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    old = Checkpoint.load(arguments.resume) if arguments.resume else None
    settings = _continued(old, given) if old else _settings(given)
    if "storage" in given and settings.engine != "golden":
        raise UserError(f"Option --storage must come with --engine golden, not --engine {settings.engine}")
    checkpoint = arguments.checkpoint or arguments.resume or _default_checkpoint(settings)
    if arguments.plot:
        check(arguments.plot)
    check_outputs({"Checkpoint": checkpoint, "Plot": arguments.plot})
    own = old is not None and checkpoint.resolve() == old.path.resolve()
    check_unused(checkpoint, arguments.force or own, "--resume continues it, ")
    data = _data(settings)
    return Run.resume(old, data, settings.epochs) if old else Run(settings, data), checkpoint


def _settings(given: dict) -> Settings:
    """The settings of a new run."""
    given = {"net": "resnet8", "data": "digits", **given}
    given.setdefault("lr", Settings.default_rate(given["net"], given.get("batch", Settings.batch)))
    return Settings(**given)


def _continued(old: Checkpoint, given: dict) -> Settings:
    """The settings of a checkpoint, which those given must agree with; epochs may be others."""
    for name, value in given.items():
        kept = getattr(old.settings, name)
        if name == "epochs":
            if value < len(old.epochs):
                raise UserError(f"Option --epochs must be at least the {len(old.epochs)} that are done, not {value}")
        elif value != kept:
            raise UserError(f"Option {flag_of(name)} must be the checkpoint's {kept}, not {value}")
    return replace(old.settings, epochs=given.get("epochs", old.settings.epochs))


def _data(settings: Settings) -> data.DataSet:
    return data.load(settings.data, FIXED_SHAPES.get(settings.net))


def _save(run: Run, checkpoint: Path) -> None:
    try:
        run.save(checkpoint)
    except OSError as error:
        raise unwritable("Checkpoint", checkpoint, error) from None


def _default_checkpoint(settings: Settings) -> Path:
    return Path("build") / "train" / f"{settings.net}-{settings.engine}-seed{settings.seed}.npz"


def _train(run: Run, checkpoint: Path, quiet: bool) -> float:
    """Train to the end; return the seconds that it took."""
    show = sys.stderr if quiet else sys.stdout
    start, epochs = time.monotonic(), run.settings.epochs
    first = len(run.epochs)
    if run.done:
        _save(run, checkpoint)
    elif run.epochs and run.epochs[-1].planned != epochs:
        was = f"{first} of {run.epochs[-1].planned}"
        print(f"After epoch {was} the learning rates are those of a run of {epochs} epochs", file=show)
    print(f"{'epoch':>5} {'loss':>8} {'accuracy':>9} {'test loss':>10} {'accuracy':>9} {'seconds':>8}", file=show)
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
