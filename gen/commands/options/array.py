"""Command-line options of the PE array and of the C-Core's buffers, and the configuration that they mean."""

import argparse
import re
from collections.abc import Callable, Iterable

from gen.errors import UserError, flag_of
from hw.arch.array.config import ARRAY_RANGES, ArrayConfig, MacForm
from hw.arch.ccore.config import CCORE_RANGES, CCoreConfig
from hw.arch.checks import ConfigError
from hw.arch.pint import PintFormat

from .parse import integer

__all__ = ["add_array", "add_buffers", "array_of", "ccore_of"]

_SIZES = {
    "clusters": "PE clusters, output channels in parallel",
    "wpus": "window processing units a cluster, output rows in parallel",
    "rows": "PE rows a unit, kernel rows in parallel",
    "channels": "PE columns a unit, input channels in parallel",
    "acc_bits": "bits of an accumulator and of a partial sum",
}
_DEPTHS = {
    "input_depth": "words of a bank of the input buffer",
    "weight_depth": "codes of a bank of the weight buffer",
    "psum_depth": "partial sums of a port, in each half",
    "images": "maps whose sums of |x| wait to be taken",
}
_ARRAY, _CCORE = ArrayConfig(), CCoreConfig()


def add_array(parser: argparse.ArgumentParser, users: Callable[[str], str] = lambda name: "") -> None:
    """Add the options of the array, None where they are not given; `users` says of each which targets take it."""
    for name, text in _SIZES.items():
        _add_integer(parser, name, text + "{}" + users(name), ARRAY_RANGES[name], getattr(_ARRAY, name))
    pint = f"code width and split point of PINT(k,d); k 4 to 10, d 1 to k-3, default 8,3 {users('pint')}"
    parser.add_argument("--pint", type=_pint, metavar="K,D", help=pint.rstrip())
    mac = f"form of the MAC: {', '.join(MacForm)}, default {_ARRAY.mac} {users('mac')}"
    parser.add_argument("--mac", metavar="FORM", help=mac.rstrip())


def add_buffers(parser: argparse.ArgumentParser, users: Callable[[str], str] = lambda name: "") -> None:
    """Add the depths of the C-Core's buffers; `users` as for the array."""
    for name, text in _DEPTHS.items():
        _add_integer(parser, name, text + "{}" + users(name), CCORE_RANGES[name], getattr(_CCORE, name))


def array_of(arguments: argparse.Namespace) -> ArrayConfig:
    """The array that the arguments ask for.

    Raises
    ------
    ConfigError
        If a size is out of its range.
    """
    return ArrayConfig(**_given(arguments, (*_SIZES, "pint", "mac")))


def ccore_of(arguments: argparse.Namespace) -> CCoreConfig:
    """The C-Core that the arguments ask for.

    Raises
    ------
    ConfigError
        If a size is out of its range.
    """
    return CCoreConfig(array_of(arguments), **_given(arguments, _DEPTHS))


def _given(arguments: argparse.Namespace, names: Iterable[str]) -> dict:
    return {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}


def _add_integer(parser, name: str, text: str, limits: tuple[int, int], default: int) -> None:
    flag, (low, high) = flag_of(name), limits
    help_text = text.format(f"; {low} to {high}, default {default} ").rstrip()
    parser.add_argument(flag, type=integer(flag, low, high, within=False), metavar="N", help=help_text)


def _pint(text: str) -> PintFormat:
    match = re.fullmatch(r"([+-]?\d{1,9}),([+-]?\d{1,9})", text, re.ASCII)
    if match is None:
        raise UserError(f"--pint must be two integers k,d such as 8,3, not {text!r}")
    try:
        return PintFormat(int(match[1]), int(match[2]))
    except ConfigError as error:
        raise UserError(str(error)) from None
