"""Command-line options of the TaxoNN machine, and the configuration that they mean."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from gen.errors import UserError
from gen.model.taxonn import NETS, Net
from hw.arch.taxonn.config import Activation, FixedFormat, Rounding, TaxonnConfig
from hw.arch.taxonn.maps import parse_layers

__all__ = ["ARGUMENTS", "FIELDS", "add_options", "configure", "default_rate", "given"]

#: Fields of the configuration, in the manifest.
FIELDS = ("layers", "activations", "formats", "rounding", "conversion", "convolutions")

#: Arguments on the command line that make a field, where they are not named as the field is.
ARGUMENTS = {"layers": ("layers", "net"), "activations": ("activation",), "formats": ("format",), "convolutions": ()}

_LAYERS = "64,32,10"
#: Formats of the last layer and of the others: those of the paper for MNIST.
_LAST, _HIDDEN = FixedFormat(3, 10), FixedFormat(2, 12)
#: Format of all layers where hidden ones have no bound on their outputs.
_WIDE, _UNBOUNDED = FixedFormat(4, 12), (Activation.RELU, Activation.LINEAR)
#: Learning rate of the first epoch, by the activation of layer 1.
_RATES = {Activation.SIGMOID: 0.2, Activation.TANH: 0.05}
_OTHER_RATE = 0.02
_OPTIONS = ("layers", "activation", "format", "rounding", "conversion", "samples")


def add_options(parser: argparse.ArgumentParser, hidden: Sequence[str] = ()) -> None:
    """Add the options to a command; their value is None where they are not given. The help leaves out those hidden."""
    group = parser.add_argument_group("taxonn")
    sizes = f"inputs and neurons a layer (default: {_LAYERS}), or HxWxD maps, convolutions and pools before the neurons"
    group.add_argument("--layers", metavar="N0,N1,..", help=f"{sizes}: 28x28x1,conv6k5p2,avg2,120,10")
    kinds = f"one a layer or one for all: {', '.join(Activation)}"
    usual = "sigmoid, with convolutions tanh, and softmax in the last layer"
    group.add_argument("--activation", metavar="F1,F2,..", help=f"{kinds} (default: {usual})")
    usual = f"{_HIDDEN}, {_LAST} in the last layer; {_WIDE} with relu or linear before it"
    forms = f"integer and fraction bits, one a layer or one for all (default: {usual})"
    group.add_argument("--format", metavar="I,F/I,F/..", help=argparse.SUPPRESS if "format" in hidden else forms)
    group.add_argument("--rounding", metavar="HOW", help=f"{' or '.join(Rounding)} (default: {Rounding.STOCHASTIC})")
    text = f"of outputs that lose bits to the next format: {' or '.join(Rounding)} (default: {Rounding.NEAREST})"
    group.add_argument("--conversion", metavar="HOW", help=text)


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
    net = _net(arguments)
    default = asdict(net) if net else {}
    texts = {name: getattr(arguments, name) for name in ("layers", "activation", "format")}
    texts = {name: default.get(name) if text is None else text for name, text in texts.items()}
    layers, convolutions = parse_layers(texts["layers"] or _LAYERS)
    hidden = max(len(layers) - 2, 0)
    activations = (Activation.TANH if convolutions else Activation.SIGMOID,) * hidden + (Activation.SOFTMAX,)
    if texts["activation"] is not None:
        activations = tuple(name.strip() for name in texts["activation"].split(","))
    formats = (_HIDDEN,) * hidden + (_LAST,)
    if not set(_UNBOUNDED).isdisjoint(activations[:-1]):
        formats = (_WIDE,)
    if texts["format"] is not None:
        formats = tuple(FixedFormat.parse(text) for text in texts["format"].split("/"))
    rounding = arguments.rounding or Rounding.STOCHASTIC
    conversion = arguments.conversion or Rounding.NEAREST
    return TaxonnConfig(layers, activations, formats, rounding, convolutions, conversion)


def default_rate(config: TaxonnConfig) -> float:
    """Return the learning rate of the first epoch of a configuration."""
    return _OTHER_RATE if config.convolutions else _RATES.get(config.activations[0], _OTHER_RATE)


def _net(arguments: argparse.Namespace) -> Net | None:
    """Return the network that the arguments name, if they do."""
    if arguments.net is None:
        return None
    if arguments.net not in NETS:
        raise UserError(f"Network of taxonn must be one of {', '.join(NETS)}, not {arguments.net!r}")
    if arguments.layers is not None:
        raise UserError("Options --net and --layers must not come together")
    return NETS[arguments.net]
