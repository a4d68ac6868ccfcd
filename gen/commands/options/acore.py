"""Command-line options of the A-Core, and the configuration that they mean."""

import argparse

from hw.arch.acore.config import ACORE_RANGES, ACoreConfig

from .parse import integer

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
        group.add_argument(f"--{name}", type=integer(f"--{name}", low, high, within=False), metavar="N", help=text)


def configure(arguments: argparse.Namespace) -> ACoreConfig:
    """Return the configuration that the arguments ask for.

    Raises
    ------
    ConfigError
        If one is out of range.
    """
    return ACoreConfig(**{name: getattr(arguments, name) for name in FIELDS if getattr(arguments, name) is not None})
