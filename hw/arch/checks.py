"""Checks of what a user asks for: a wrong value is one sentence that names the rule and the value."""

import math
import re
from typing import Any

__all__ = ["ConfigError", "check_form", "check_integer"]


class ConfigError(ValueError):
    """A value that the user chose and that breaks a rule; the message is one sentence with rule and value.

    Only these become a sentence on the command line; any other ValueError is a fault of the program.
    """


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise TypeError or ConfigError, naming the rule, unless `value` is an integer from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ConfigError(f"{name} must be {low} to {high}, not {value}")


def check_form(source: str, value: Any, form: Any, key: str = "") -> None:
    """Check what was read from a file, as :func:`json.load` returns it, against the form that it must have.

    Parameters
    ----------
    source : str
        What the value was read from, for the message.
    value : object
    form : object
        A type (`float` takes integers too), a compiled pattern that a text must match, a `range` of integers or a
        frozenset of texts; `(None, form)` for a form or null; `[form]` for a list of any length; a dict for an object
        with at least its keys, or `{str: form}` for one of any keys.
    key : str
        Path of the value in the file.

    Raises
    ------
    ConfigError
        Naming file, key and rule.
    """
    if isinstance(form, tuple):
        if value is not None:
            check_form(source, value, form[1], key)
        return
    kind, rule = _rule(form)
    fits = type(value) is kind or (kind is float and type(value) is int)
    if fits and type(value) is float:
        fits = math.isfinite(value)
    elif fits and isinstance(form, re.Pattern):
        fits = form.fullmatch(value) is not None
    elif fits and isinstance(form, range | frozenset):
        fits = value in form
    if not fits:
        what, shown = f"Key {key} of {source}" if key else source, repr(value)
        raise ConfigError(f"{what} must be {rule}, not {shown if len(shown) <= 40 else shown[:37] + '...'}")
    if isinstance(form, list) and isinstance(value, list):
        for number, each in enumerate(value):
            check_form(source, each, form[0], f"{key}[{number}]")
    elif isinstance(form, dict) and isinstance(value, dict):
        inner = dict.fromkeys(value, form[str]) if str in form else form
        for name, its in inner.items():
            path = f"{key}.{name}" if key else name
            if name not in value:
                raise ConfigError(f"{source} must have the key {path}")
            check_form(source, value[name], its, path)


def _rule(form: Any) -> tuple[type, str]:
    """Return the type of the values of a form, and the form in words."""
    if isinstance(form, re.Pattern):
        return str, f"a text of the form {form.pattern}"
    if isinstance(form, range):
        return int, f"an integer from {form.start} to {form.stop - 1}"
    if isinstance(form, frozenset):
        return str, f"one of {', '.join(sorted(form))}"
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "an integer"}
    kind = type(form) if isinstance(form, dict | list) else form
    return kind, words.get(kind, "a finite number")
