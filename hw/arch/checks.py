"""Checks of the integers of configurations."""

__all__ = ["check_integer"]


def check_integer(name: str, value, low: int, high: int) -> None:
    """Raise TypeError or ValueError, naming the rule, unless `value` is an integer from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")
