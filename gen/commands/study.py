"""`gradgate study`: how the loss of a TaxoNN network falls with several sets of formats, as Fig. 5 of its paper."""

import argparse
import json
from itertools import pairwise
from pathlib import Path

from gen.errors import UserError
from gen.model.taxonn import NETS
from gen.progress import Progress
from hw.arch.checks import ConfigError

from .options import parse, taxonn
from .output import check_outputs, write

__all__ = ["add_parser"]

#: TaxoNN, Table I: the formats of LeNet for MNIST, CIFAR-10 and SVHN; and below them until nothing is learned.
_TABLE = (
    "2,12/2,12/2,12/1,12/3,10",
    "2,10/2,11/1,10/1,13/2,13",
    "1,12/2,12/2,12/2,11/4,12",
    "2,8/2,8/2,8/1,8/3,8",
    "2,6/2,6/2,6/1,6/3,6",
    "2,4/2,4/2,4/1,4/3,4",
)
#: Formats of all layers of a network of other sizes.
_OTHERS = ("3,12", "3,10", "3,8", "3,6", "3,4")
_EPOCHS, _SEED, _POINTS, _PLOT = 3, 1, 100, Path("build", "study.png")


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "study",
        help="loss curves of a TaxoNN network for several sets of bit widths",
        description="Train a TaxoNN network by golden once with each set of formats and once in float32, from the same "
        "weights in the same order, and draw the losses in one plot. Default: LeNet-5 with the sets of Table I of the "
        "paper and narrower ones, which takes some minutes.",
    )
    parser.add_argument("sets", nargs="*", metavar="I,F/I,F/..", help="formats, one a layer or one for all")
    names = f"the network: {', '.join(NETS)} (default without --layers: lenet5)"
    parser.add_argument("--net", type=parse.choice("--net", NETS), metavar="NAME", help=names)
    taxonn.add_options(parser, hidden=["format"])
    parser.add_argument("--data", metavar="NAME|PATH", default="digits", help="as for train (default: digits)")
    epochs, seed = parse.integer("--epochs", 1, 10**6), parse.integer("--seed", 0, 2**64 - 1)
    samples, rate = parse.integer("--samples", 1, 10**9), parse.number("--lr", 0, 1000, closed=True)
    parser.add_argument("--epochs", type=epochs, default=_EPOCHS, metavar="N", help=f"default: {_EPOCHS}")
    parser.add_argument("--samples", type=samples, metavar="N", help="train on the first N samples only")
    parser.add_argument("--lr", type=rate, metavar="X", help="learning rate of the first epoch (default: as train)")
    parser.add_argument("--seed", type=seed, default=_SEED, metavar="S", help=f"default: {_SEED}")
    plot = parse.file("--plot")
    parser.add_argument("--plot", type=plot, default=_PLOT, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--out", type=parse.file("--out"), metavar="FILE", help="also write the JSON to this file")
    parser.add_argument("--json", action="store_true", help="end with one JSON object instead of a table")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: data sets and charts need packages that take seconds to load.
    from sim.charts.picture import check
    from sim.charts.study import draw

    if arguments.format is not None:
        raise UserError("Formats of a study must be given as arguments, not with --format")
    if arguments.net is None and arguments.layers is None:
        arguments.net = "lenet5"
    out = arguments.out
    try:
        check(arguments.plot)
        check_outputs({"Plot": arguments.plot, "Output file": out})
        runs = _runs(arguments)
        curves = _measure(runs)
        result = _result(runs, curves)
        text = json.dumps(result, indent=None if arguments.json else 2) + "\n"
        if out:
            write("Output file", out, text)
        draw(curves, _title(arguments, result), arguments.plot)
    except ConfigError as error:
        raise UserError(str(error)) from None
    if arguments.json:
        print(text, end="")
        return
    width = max(map(len, curves))
    print(f"{'formats':<{width}} {'last loss':>10} {'test accuracy':>14}")
    for name, curve in curves.items():
        print(f"{name:<{width}} {_points(curve.losses)[-1]:>10.4f} {curve.test_accuracy:>12.2f} %")
    print(f"Wrote {arguments.plot}" + f" and {out}" * bool(out))


def _title(arguments: argparse.Namespace, result: dict) -> str:
    """What the chart shows."""
    net = arguments.net or arguments.layers
    return f"TaxoNN {net} on {result['data']}, {result['steps']:,} steps, rate {result['lr']:g}, seed {result['seed']}"


def _runs(arguments: argparse.Namespace) -> dict:
    """Return the runs by name: float32 and each set."""
    from sim.golden.taxonn.layer import rate_code
    from sim.training.taxonn.run import Run

    runs = {}
    for name in arguments.sets or (_TABLE if arguments.net else _OTHERS):
        config = taxonn.configure(argparse.Namespace(**{**vars(arguments), "format": name}))
        rate = taxonn.default_rate(config) if arguments.lr is None else arguments.lr
        for form in config.formats:
            rate_code(rate, form)
        runs[name] = Run(config, rate, arguments.epochs, arguments.seed, arguments.samples, arguments.data)
    return {"float32": next(iter(runs.values())), **runs}


def _measure(runs: dict) -> dict:
    from sim.training.taxonn.study import measure

    curves = {}
    with Progress() as progress:
        for number, (name, run) in enumerate(runs.items(), 1):

            def report(step, name=name, number=number):
                progress.show(f"{name} ({number} of {len(runs)}), step {step}")

            curves[name] = measure(run, "float" if name == "float32" else "golden", report)
    return curves


def _points(losses) -> list[float]:
    """Return the means of the losses over parts of the run, or each if there are few."""
    parts = min(_POINTS, len(losses))
    edges = [len(losses) * i // parts for i in range(parts + 1)]
    return [round(float(losses[a:b].mean()), 5) for a, b in pairwise(edges)]


def _result(runs: dict, curves: dict) -> dict:
    run = runs["float32"]
    return {
        "layers": run.config.layers,
        "activations": [str(kind) for kind in run.config.activations],
        "data": run.dataset,
        "epochs": run.epochs,
        "lr": run.rate,
        "seed": run.seed,
        "steps": len(curves["float32"].losses),
        "curves": {
            name: {"losses": _points(curve.losses), "test_accuracy": round(curve.test_accuracy, 4)}
            for name, curve in curves.items()
        },
    }
