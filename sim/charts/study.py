"""The loss curves of a study of bit widths as a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sim.training.taxonn.study import Curve

from .picture import save

__all__ = ["draw", "smooth"]

#: Curves are means over this share of the steps.
_SHARE = 12


def smooth(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and the mean of the losses up to them, over a share of all steps."""
    window = max(1, len(losses) // _SHARE)
    return np.arange(window, len(losses) + 1), np.convolve(losses, np.ones(window) / window, "valid")


def draw(curves: Mapping[str, Curve], title: str, path: Path) -> None:
    """Draw the losses over the steps, float32 dashed and black, each named with its accuracy.

    Parameters
    ----------
    curves : mapping from a set of formats to its curve
        `float32` is the reference.
    title : str
    path : Path
        Its suffix sets the format.

    Raises
    ------
    ConfigError
        If there is no format of this suffix, or the file cannot be written.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        style = {"color": "black", "linestyle": "--", "zorder": 3} if name == "float32" else {}
        axes.plot(*smooth(curve.losses), label=f"{name}: {curve.test_accuracy:.1f} %", **style)
    axes.set_xlabel("training step")
    axes.set_ylabel(f"training loss, mean of 1/{_SHARE} of the steps")
    axes.set_yscale("log")
    axes.grid(alpha=0.3, which="both")
    axes.set_xlim(0)
    axes.set_title(title, fontsize=10)
    figure.legend(loc="outside right upper", title="formats (I,F) and test accuracy", fontsize=8, title_fontsize=8)
    save(figure, path)
