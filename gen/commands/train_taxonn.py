"""`gradgate train --machine taxonn`: golden, float32 or the generated Verilog."""

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

import numpy as np

from gen.errors import UserError, flag_of
from gen.progress import Progress
from gen.verilog.emit import emit
from hw.arch.checks import ConfigError
from hw.arch.taxonn.maps import Convolution
from hw.taxonn.network import Network
from sim.charts.picture import check
from sim.charts.taxonn import draw
from sim.engine import taxonn as taxonn_rtl
from sim.golden.taxonn.layer import rate_code
from sim.golden.taxonn.network import weights_digest
from sim.rtl.runner import SimulationError, require_simulator
from sim.training.replacing import replacing
from sim.training.taxonn import run as taxonn

from .options.taxonn import FIELDS, configure, default_rate
from .output import check_outputs, check_unused, unwritable

__all__ = ["run"]

_EPOCHS, _SEED = 5, 1
#: Options of the other machine.
_FOREIGN = ("batch", "decay", "storage", "weight_exponent", "resume")


def run(arguments: argparse.Namespace) -> None:
    """Train as the arguments say.

    Raises
    ------
    UserError
        If an argument is wrong, or the Verilog's weights are not golden's.
    """
    engine = arguments.engine or "golden"
    try:
        check_outputs({"Checkpoint": arguments.checkpoint, "Plot": arguments.plot})
        if arguments.checkpoint:
            check_unused(arguments.checkpoint, arguments.force)
        if arguments.plot:
            check(arguments.plot)
        trained = _prepare(arguments)
        if engine == "rtl":
            require_simulator()
        result, weights, right = _train(trained, engine)
        if arguments.checkpoint:
            _save(arguments.checkpoint, result, weights)
        if arguments.plot:
            draw(engine, right, _title(arguments, trained), arguments.plot)
    except (ConfigError, SimulationError) as error:
        raise UserError(str(error)) from None
    if arguments.json:
        print(json.dumps(result))
        return
    kept = f"kept in {arguments.checkpoint}" if arguments.checkpoint else "not kept without --checkpoint FILE"
    print(f"Test accuracy {result['test_accuracy']:.2f} %, weights {result['weights_digest'][:16]}, {kept}")
    if "cycles" in result:
        print("Weights identical to golden's; cycles", ", ".join(f"{n} {c}" for n, c in result["cycles"].items()))


def _title(arguments: argparse.Namespace, run: taxonn.Run) -> str:
    """What the chart shows."""
    net = arguments.net or arguments.layers or ",".join(map(str, run.config.layers))
    return f"TaxoNN {net} on {run.dataset}, epochs {run.epochs}, rate {run.rate:g}, seed {run.seed}"


def _save(path: Path, result: dict, weights: Sequence[np.ndarray]) -> None:
    """Write the weights of the layers, and beside them what the command says, as text."""
    arrays = {f"weights_{number}": each for number, each in enumerate(weights, 1)}
    try:
        with replacing(path) as scratch, scratch.open("wb") as file:
            np.savez(file, allow_pickle=False, meta=np.array(json.dumps(result)), **arrays)
    except OSError as error:
        raise unwritable("Checkpoint", path, error) from None


def _prepare(arguments: argparse.Namespace) -> taxonn.Run:
    """Return the run that the arguments ask for."""
    for name in _FOREIGN:
        if getattr(arguments, name) is not None:
            raise UserError(f"Option {flag_of(name)} must come with --machine array, not --machine taxonn")
    config = configure(arguments)
    rate = default_rate(config) if arguments.lr is None else arguments.lr
    epochs = _EPOCHS if arguments.epochs is None else arguments.epochs
    seed = _SEED if arguments.seed is None else arguments.seed
    for form in config.formats:
        rate_code(rate, form)
    return taxonn.Run(config, rate, epochs, seed, arguments.samples, arguments.data or "digits")


class _Report:
    """Progress of a run: epoch, step and the time that is left."""

    def __init__(self, progress: Progress, engine: str, epochs: int, steps: int, tests: int):
        self._progress, self._engine, self._epochs, self._steps, self._tests = progress, engine, epochs, steps, tests
        self._start: float | None = None

    def __call__(self, step: int | None) -> None:
        """Show that `step` samples went in, images of the test included; None while the simulator is compiled."""
        if step is None:
            self._progress.show(f"{self._engine} engine, compiling the simulator")
            return
        trained, now = self._epochs * self._steps, time.monotonic()
        self._start = now if self._start is None else self._start
        epoch, place = divmod(step, self._steps)
        where = f"epoch {epoch + 1} of {self._epochs}, step {place + 1} of {self._steps}"
        if step >= trained:
            where = f"test image {min(step - trained + 1, self._tests)} of {self._tests}"
        left = (now - self._start) / step * max(trained + self._tests - step, 0) if step else math.inf
        self._progress.show(f"{self._engine} engine, {where}" + f", {left:.0f} s left" * (left < math.inf))


def _train(run: taxonn.Run, engine: str) -> tuple[dict, list[np.ndarray], np.ndarray]:
    """Return what the command says at its end, the weights, and which training samples were classified correctly."""
    training, test = taxonn.data(run)
    start, facts = time.monotonic(), {}
    with Progress() as progress:

        def report(what: str) -> _Report:
            return _Report(progress, what, run.epochs, len(training), len(test))

        if engine == "rtl":
            verilog = emit(Network(config=run.config), "taxonn", lambda name: progress.show(f"emitting {name}"))
            with redirect_stdout(sys.stderr):  # what the simulation says is no result
                trained = taxonn_rtl.train(run, verilog, report("rtl"))
            weights, right, accuracy = trained.weights, trained.right, trained.test_accuracy
            golden, _ = taxonn.train(run, "golden", report("golden"))
            digests = [weights_digest(each) for each in (weights, golden.weights)]
            if digests[0] != digests[1]:
                raise UserError(f"Weights of the Verilog must be golden's {digests[1][:16]}, not {digests[0][:16]}")
            facts = {"cycles": trained.cycles, "golden_digest": digests[1]}
        else:
            net, right = taxonn.train(run, engine, report(engine))
            weights, accuracy = net.weights, taxonn.accuracy(run, engine, net, test)
    codes = [each.view(np.int32) for each in weights] if engine == "float" else weights
    config = run.config
    result = {
        "test_accuracy": round(accuracy, 4),
        "weights_digest": weights_digest(codes),
        "train_accuracies": [round(100 * float(each.mean()), 4) for each in np.split(right, run.epochs)],
        **facts,
        "settings": {
            "machine": "taxonn",
            "engine": engine,
            "epochs": run.epochs,
            "lr": run.rate,
            "seed": run.seed,
            "samples": run.limit,
            "data": run.dataset,
            **{name: _plain(getattr(config, name)) for name in FIELDS},
        },
        "seconds": round(time.monotonic() - start, 1),
    }
    return result, weights, right


def _plain(value):
    """Return a field of the configuration as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Convolution):
        return asdict(value)
    return value if isinstance(value, int) else str(value)
