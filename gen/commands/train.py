"""`gradgate train`: train a network in golden integers or in float32."""

import argparse
from pathlib import Path

from gen.errors import UserError
from gen.model.taxonn import NETS
from gen.model.zoo import NETWORKS

from .options import taxonn

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
    add = parser.add_argument
    add("--machine", choices=("array", "taxonn"), default="array", help="which machine trains (default: array)")
    taxonn.add_options(parser)
    add("--net", choices=(*NETWORKS, *NETS), help=f"the network (default: resnet8); taxonn: {', '.join(NETS)}")
    add(
        "--data",
        metavar="NAME|PATH",
        help="digits, clutter (28x28, made of them), or a folder: CIFAR-10 or CIFAR-100 in binary, MNIST as IDX "
        "(also .gz), or the folders train and test with a folder of images a class (default: digits)",
    )
    add("--engine", choices=("golden", "float", "rtl"), help="rtl with taxonn only (default: golden)")
    add("--batch", type=int, metavar="N", help="images a step (default: 32)")
    add("--epochs", type=int, metavar="N", help="default: 10")
    usual = "0.0025 times the batch, at most 0.08, for vgg6 0.02"
    add("--lr", type=float, metavar="X", help=f"largest learning rate (default: {usual})")
    add("--decay", type=float, metavar="X", help="weight decay (default: 0)")
    add("--samples", type=int, metavar="N", help="train on the first N samples only (taxonn)")
    add("--seed", type=int, metavar="S", help="of weights, order and rounding (default: 1)")
    add("--storage", choices=("int16", "pint8"), help="of weights and velocities, golden engine (default: int16)")
    add(
        "--weight-exponent",
        type=int,
        metavar="E",
        help="weights in INT16 are multiples of 2^E; -14 suits batch 1 (default: -12)",
    )
    add("--resume", type=Path, metavar="CKPT", help="continue from a checkpoint, with its settings")
    add(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="where to write the checkpoint (default: the one resumed, else build/train/NET-ENGINE-seedS.npz)",
    )
    add("--plot", type=Path, metavar="FILE", help="draw the curve, such as curve.png")
    add("--json", action="store_true", help="end with one JSON object instead of a table")
    parser.set_defaults(run=_run)


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
