"""Values of options: each parser refuses a wrong text in one sentence that names option, rule and text."""

import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from gen.errors import UserError

__all__ = ["choice", "file", "folder", "integer", "number"]


def integer(flag: str, low: int, high: int, *, within: bool = True) -> Callable[[str], int]:
    """Return a parser of integers; unless `within`, the range is only named, for a configuration that checks it."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,20}", text, re.ASCII) or (within and not low <= int(text) <= high):
            raise UserError(f"{flag} must be an integer from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def number(flag: str, low: float, high: float, *, closed: bool = False) -> Callable[[str], float]:
    """Return a parser of numbers above `low`, or where the range is `closed` from `low` on, and up to `high`."""

    def parse(text: str) -> float:
        right = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", text, re.ASCII)
        value = float(text) if right else math.nan
        if not (low <= value if closed else low < value) or value > high:
            rule = f"from {low:g} to {high:.0f}" if closed else f"above {low:g} and up to {high:.0f}"
            raise UserError(f"{flag} must be a number {rule}, not {text!r}")
        return value

    return parse


def choice(flag: str, values: Iterable[str]) -> Callable[[str], str]:
    """Return a parser of one of some words."""
    words = [str(value) for value in values]

    def parse(text: str) -> str:
        if text not in words:
            raise UserError(f"{flag} must be one of {', '.join(words)}, not {text!r}")
        return text

    return parse


def file(flag: str) -> Callable[[str], Path]:
    """Return a parser of the path of a file."""
    return _path(flag, "file")


def folder(flag: str) -> Callable[[str], Path]:
    """Return a parser of the path of a folder."""
    return _path(flag, "folder")


def _path(flag: str, kind: str) -> Callable[[str], Path]:
    def parse(text: str) -> Path:
        if not text or "\0" in text:
            raise UserError(f"{flag} must be the path of a {kind}, not {text!r}")
        return Path(text)

    return parse
