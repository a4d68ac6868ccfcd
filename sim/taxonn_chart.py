"""The curves of TaxoNN training runs as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["check", "draw", "save"]

#: Samples over which the share of wrong answers is taken.
_WINDOW = 200


def check(path: Path) -> None:
    """Raise a ValueError if no picture can have this suffix."""
    if path.suffix.lstrip(".").lower() not in FigureCanvasAgg(Figure()).get_supported_filetypes():
        raise ValueError(f"Plot must be of a format such as .png, .svg or .pdf, not {path.name!r}")


def save(figure: Figure, path: Path) -> None:
    """Write a picture, or raise a ValueError."""
    try:
        figure.savefig(path, format=path.suffix.lstrip(".").lower())
    except OSError as error:
        raise ValueError(f"Plot must be writable, but {path} is not ({error.strerror})") from None


def draw(runs: Mapping[str, np.ndarray], path: Path) -> None:
    """Draw the share of training samples told wrong before their update, over the steps.

    Parameters
    ----------
    runs : mapping from a name to a bool array
        Whether the sample of each step was told right.
    path : Path
        Its suffix sets the format.

    Raises
    ------
    ValueError
        If there is no format of this suffix, or the file cannot be written.
    """
    check(path)
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name, right in runs.items():
        window = min(_WINDOW, len(right))
        wrong = 100 * (1 - np.convolve(right, np.ones(window) / window, "valid"))
        axes.plot(np.arange(len(wrong)) + window, wrong, label=name)
    axes.set_xlabel("training step")
    axes.set_ylabel(f"wrong among the last {_WINDOW} samples, %")
    axes.grid(alpha=0.3)
    if runs:
        axes.legend()
    save(figure, path)
