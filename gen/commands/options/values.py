"""Values of options: parsers whose mistakes are all one sentence of one style."""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from gen.errors import UserError

__all__ = ["choice", "file_path", "integer", "number"]


def integer(flag: str, low: int, high: int) -> Callable[[str], int]:
    """A parser of integers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,20}", text, re.ASCII) or not low <= int(text) <= high:
            raise UserError(f"{flag} must be an integer from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def number(flag: str, high: float, zero: bool = False) -> Callable[[str], float]:
    """A parser of numbers above zero, with `zero` from zero on, and up to `high`."""

    def parse(text: str) -> float:
        form = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
        value = float(text) if re.fullmatch(form, text, re.ASCII) else math.nan
        if not (0 <= value if zero else 0 < value) or value > high:
            rule = f"from 0 to {high:.0f}" if zero else f"above 0 and up to {high:.0f}"
            raise UserError(f"{flag} must be a number {rule}, not {text!r}")
        return value

    return parse


def choice(flag: str, names: Iterable[str]) -> Callable[[str], str]:
    """A parser of one of some names."""
    names = list(map(str, names))

    def parse(text: str) -> str:
        if text not in names:
            raise UserError(f"{flag} must be one of {', '.join(names)}, not {text!r}")
        return text

    return parse


def file_path(flag: str) -> Callable[[str], Path]:
    """A parser of the path of a file."""

    def parse(text: str) -> Path:
        if not text or "\0" in text:
            raise UserError(f"{flag} must be the path of a file, not {text!r}")
        return Path(text)

    return parse
