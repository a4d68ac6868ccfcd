"""Command-line options of the TaxoNN machine, and the configuration that they mean."""

import argparse
import re

from hw.spec.taxonn import Activation, FixedFormat, Rounding, TaxonnConfig

from .errors import UserError

__all__ = ["FIELDS", "add_options", "configure", "given"]

#: Fields of the configuration, in the manifest.
FIELDS = ("layers", "activations", "formats", "rounding")

_LAYERS = (64, 32, 10)
#: Formats of the last layer and of the others: those of the paper for MNIST.
_LAST, _HIDDEN = FixedFormat(3, 10), FixedFormat(2, 12)
_OPTIONS = ("layers", "activation", "format", "rounding")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command; their value is None where they are not given."""
    group = parser.add_argument_group("taxonn")
    group.add_argument("--layers", metavar="N0,N1,..", help="inputs and neurons a layer (default: 64,32,10)")
    kinds = f"one a layer or one for all: {', '.join(Activation)} (default: sigmoid, and softmax in the last layer)"
    group.add_argument("--activation", metavar="F1,F2,..", help=kinds)
    forms = f"integer and fraction bits, one a layer or one for all (default: {_HIDDEN}, {_LAST} in the last layer)"
    group.add_argument("--format", metavar="I,F/I,F/..", help=forms)
    group.add_argument("--rounding", metavar="HOW", help=f"{' or '.join(Rounding)} (default: {Rounding.STOCHASTIC})")


def given(arguments: argparse.Namespace) -> list[str]:
    """Return the flags that were given."""
    return [f"--{name}" for name in _OPTIONS if getattr(arguments, name) is not None]


def configure(arguments: argparse.Namespace) -> TaxonnConfig:
    """Return the configuration that the arguments ask for.

    Raises
    ------
    UserError, ValueError
        If one cannot be read, or the configuration is wrong.
    """
    layers = _LAYERS if arguments.layers is None else _sizes(arguments.layers)
    hidden = max(len(layers) - 2, 0)
    activations = (Activation.SIGMOID,) * hidden + (Activation.SOFTMAX,)
    if arguments.activation is not None:
        activations = tuple(name.strip() for name in arguments.activation.split(","))
    formats = (_HIDDEN,) * hidden + (_LAST,)
    if arguments.format is not None:
        formats = tuple(FixedFormat.parse(text) for text in arguments.format.split("/"))
    return TaxonnConfig(layers, activations, formats, arguments.rounding or Rounding.STOCHASTIC)


def _sizes(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text, re.ASCII):
        raise UserError(f"--layers must be sizes such as 64,32,10, not {text!r}")
    return tuple(int(size) for size in text.split(","))
