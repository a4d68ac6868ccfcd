"""`gradgate train --machine taxonn`: golden, float32 or the generated Verilog."""

import argparse
import json
import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict

import numpy as np

from gen.errors import UserError, flag_of
from gen.progress import Progress
from gen.verilog.emit import emit
from hw.arch.checks import ConfigError
from hw.arch.taxonn.maps import Convolution
from hw.taxonn.network import Network
from sim.charts.taxonn import draw
from sim.engine import taxonn as taxonn_rtl
from sim.golden.taxonn.layer import rate_code
from sim.golden.taxonn.network import weights_digest
from sim.rtl.runner import SimulationError
from sim.training.taxonn import run as taxonn

from .options.taxonn import FIELDS, configure, default_rate

__all__ = ["run"]

_EPOCHS, _SEED = 5, 1
#: Options of the other machine.
_FOREIGN = ("batch", "decay", "storage", "weight_exponent", "resume", "checkpoint")


def run(arguments: argparse.Namespace) -> None:
    """Train as the arguments say.

    Raises
    ------
    UserError
        If an argument is wrong, or the Verilog's weights are not golden's.
    """
    engine = arguments.engine or "golden"
    try:
        trained = _prepare(arguments)
        if arguments.plot:
            draw({}, arguments.plot)  # a plot that cannot be drawn fails before the training
        result, right = _train(trained, engine)
    except (ConfigError, SimulationError) as error:
        raise UserError(str(error)) from None
    if arguments.plot:
        draw({engine: right}, arguments.plot)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"Test accuracy {result['test_accuracy']:.2f} %, weights {result['weights_digest'][:16]}")
    if "cycles" in result:
        print("Weights identical to golden's; cycles", ", ".join(f"{n} {c}" for n, c in result["cycles"].items()))


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


def _train(run: taxonn.Run, engine: str) -> tuple[dict, np.ndarray]:
    """Return what the command says at its end, and which training samples were told right."""
    training, test = taxonn.data(run)
    steps, start = run.epochs * len(training), time.monotonic()
    facts = {}
    with Progress() as progress:

        def report(step, what=engine):
            place = f"step {step} of {steps}" if step <= steps else f"test image {step - steps} of {len(test)}"
            progress.show(f"{what} engine, {place}")

        if engine == "rtl":
            verilog = emit(Network(config=run.config), "taxonn", lambda name: progress.show(f"emitting {name}"))
            with redirect_stdout(sys.stderr):  # what the simulation says is no result
                trained = taxonn_rtl.train(run, verilog, report)
            weights, right, accuracy = trained.weights, trained.right, trained.test_accuracy
            golden, _ = taxonn.train(run, "golden", lambda step: report(step, "golden"))
            digests = [weights_digest(each) for each in (weights, golden.weights)]
            if digests[0] != digests[1]:
                raise UserError(f"Weights of the Verilog must be golden's {digests[1][:16]}, not {digests[0][:16]}")
            facts = {"cycles": trained.cycles, "golden_digest": digests[1]}
        else:
            net, right = taxonn.train(run, engine, report)
            weights, accuracy = net.weights, taxonn.accuracy(run, engine, net, test)
    if engine == "float":
        weights = [each.view(np.int32) for each in weights]
    config = run.config
    result = {
        "test_accuracy": round(accuracy, 4),
        "weights_digest": weights_digest(weights),
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
    return result, right


def _plain(value):
    """Return a field of the configuration as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Convolution):
        return asdict(value)
    return value if isinstance(value, int) else str(value)
