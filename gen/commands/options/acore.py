"""Command-line options of the A-Core, and the configuration that they mean."""

import argparse
import re

from gen.errors import UserError
from hw.arch.acore.apu import ACORE_RANGES, ACoreConfig

__all__ = ["FIELDS", "add_options", "configure"]

#: Fields of the configuration, in the manifest.
FIELDS = ("apus", "lanes", "acc_bits")

_DEFAULT = ACoreConfig()
_OPTIONS = {
    "apus": "auxiliary processing units, channels in parallel",
    "lanes": "lanes of a unit, elements of a channel in parallel",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a command; their value is None where they are not given."""
    group = parser.add_argument_group("acore")
    for name, text in _OPTIONS.items():
        low, high = ACORE_RANGES[name]
        text = f"{text}; {low} to {high}, default {getattr(_DEFAULT, name)}"
        group.add_argument(f"--{name}", metavar="N", help=text)


def configure(arguments: argparse.Namespace) -> ACoreConfig:
    """Return the configuration that the arguments ask for.

    Raises
    ------
    UserError, ValueError
        If one cannot be read, or is out of range.
    """
    sizes = {name: getattr(arguments, name) for name in _OPTIONS}
    given = {name: _integer(name, text) for name, text in sizes.items() if text is not None}
    return ACoreConfig(acc_bits=arguments.acc_bits, **given)


def _integer(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
        low, high = ACORE_RANGES[name]
        raise UserError(f"--{name} must be an integer from {low} to {high}, not {text!r}")
    return int(text)
