"""The curves of TaxoNN training runs as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .picture import save

__all__ = ["draw"]

#: Samples over which the share of wrong answers is taken.
_WINDOW = 200


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
