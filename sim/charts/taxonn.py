"""The curves of TaxoNN training runs as a picture."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from .picture import save

__all__ = ["draw"]

#: Most samples over which the share of wrong answers is taken.
_WINDOW = 200


def draw(name: str, right: np.ndarray, title: str, path: Path) -> None:
    """Draw the share of training samples told wrong before their update, over the steps.

    Parameters
    ----------
    name : str
        Of the engine that trained.
    right : bool array
        Whether the sample of each step was classified correctly.
    title : str
    path : Path
        Its suffix sets the format.

    Raises
    ------
    ConfigError
        If there is no format of this suffix, or the file cannot be written.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    window = min(_WINDOW, max(1, len(right) // 2))
    wrong = 100 * (1 - np.convolve(right, np.ones(window) / window, "valid"))
    axes.plot(np.arange(len(wrong)) + window, wrong, label=name)
    axes.set_xlabel("training step")
    axes.set_ylabel(f"wrong among the last {window} samples, %")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend()
    save(figure, path)
