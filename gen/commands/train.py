"""`gradgate train`: train a network in golden integers or in float32."""

import argparse

from gen.errors import UserError
from gen.model.taxonn import NETS
from gen.model.zoo import NETWORKS

from .options import parse, taxonn

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "train",
        help="train a network in golden integers, in float32 or on the generated Verilog",
        description="Train a network by stochastic gradient descent with momentum 0.9 and a learning rate that falls "
        "along half a cosine. The golden engine computes what the machine does, in integers only; the float engine is "
        "its float32 baseline from the same start, in the same order. Every epoch ends in a checkpoint. "
        "With --machine taxonn: a network of fully connected layers, one digit a step without momentum, a rate that "
        "falls linearly, and also the engine rtl, which ends by comparing its weights with golden's.",
    )

    def add(flag, kind, metavar, text, **others):
        parser.add_argument(flag, type=kind(flag), metavar=metavar, help=text, **others)

    machines, engines, storages = ("array", "taxonn"), ("golden", "float", "rtl"), ("int16", "pint8")
    add("--machine", _one_of(machines), "NAME", "which machine trains: array or taxonn (default: %(default)s)")
    parser.set_defaults(machine="array")
    taxonn.add_options(parser)
    names = f"{', '.join(NETWORKS)} (default: resnet8); taxonn: {', '.join(NETS)}"
    add("--net", _one_of([*NETWORKS, *NETS]), "NAME", f"the network: {names}")
    parser.add_argument(
        "--data",
        metavar="NAME|PATH",
        help="digits, clutter (28x28, made of them), or a folder: CIFAR-10 or CIFAR-100 in binary, MNIST as IDX "
        "(also .gz), or the folders train and test with a folder of images a class (default: digits)",
    )
    add("--engine", _one_of(engines), "NAME", "golden, float, or with taxonn rtl (default: golden)")
    add("--batch", lambda flag: parse.integer(flag, 1, 10**6), "N", "images a step (default: 32)")
    epochs = "default: 10, with taxonn 5; with --resume those of the whole run, where more than the checkpoint's: the "
    epochs += "rates of the rest are those of a run of N epochs"
    add("--epochs", lambda flag: parse.integer(flag, 1, 10**6), "N", epochs)
    usual = "0.0025 times the batch, at most 0.08, for vgg6 0.02"
    add("--lr", lambda flag: parse.number(flag, 0, 1000, closed=True), "X", f"largest learning rate (default: {usual})")
    add("--decay", lambda flag: parse.number(flag, 0, 1000, closed=True), "X", "weight decay (default: 0)")
    add("--samples", lambda flag: parse.integer(flag, 1, 10**9), "N", "train on the first N samples only (taxonn)")
    add("--seed", lambda flag: parse.integer(flag, 0, 2**64 - 1), "S", "of weights, order and rounding (default: 1)")
    add("--storage", _one_of(storages), "FORM", "of weights and velocities, golden engine: int16 (default) or pint8")
    exponent = "weights in INT16 are multiples of 2^E; -14 suits batch 1 (default: -12)"
    add("--weight-exponent", lambda flag: parse.integer(flag, -16, -8), "E", exponent)
    add("--resume", parse.file, "CKPT", "continue from a checkpoint, with its settings")
    where = "where to write the checkpoint (default: the one resumed, else build/train/NET-ENGINE-seedS.npz)"
    add("--checkpoint", parse.file, "FILE", where)
    parser.add_argument("--force", action="store_true", help="replace the checkpoint of another run")
    add("--plot", parse.file, "FILE", "draw the curve, such as curve.png")
    parser.add_argument("--json", action="store_true", help="end with one JSON object instead of a table")
    parser.set_defaults(run=_run)


def _one_of(names):
    return lambda flag: parse.choice(flag, names)


def _run(arguments: argparse.Namespace) -> None:
    # Imported late: data sets and charts need packages that take seconds to load.
    if arguments.machine == "taxonn":
        from . import train_taxonn

        train_taxonn.run(arguments)
        return
    from . import training

    if given := taxonn.given(arguments):
        raise UserError(f"Option {given[0]} must come with --machine taxonn, not --machine array")
    training.run(arguments)
