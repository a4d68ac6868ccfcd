"""Histogram of the delays of a design's endpoints."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .picture import save

__all__ = ["draw"]


def draw(timing: dict[str, Any], title: str, path: Path) -> None:
    """Draw how many endpoints have which delay under each model, beside the period.

    Parameters
    ----------
    timing : dict
        The key `timing` of a report.
    title : str
        Name of the design.
    path : Path
        File to write.
    """
    figure = Figure(figsize=(9, 3.2 * len(timing["models"])), layout="constrained")
    figure.suptitle(f"Static timing of {title}: the netlist alone, not placed and routed")
    axes = figure.subplots(len(timing["models"]), 1, sharex=True, squeeze=False)[:, 0]
    for axis, model in zip(axes, timing["models"], strict=True):
        step, bars = model["histogram"]["step_ns"], model["histogram"]["endpoints"]
        axis.bar([step * number for number in range(len(bars))], bars, step, align="edge")
        axis.axvline(timing["period_ns"], color="tab:red", label=f"period {timing['period_ns']:g} ns")
        axis.set_yscale("symlog", linthresh=1)
        axis.set_ylabel("endpoints")
        over = f"{model['over']:,} of {model['endpoints']:,} endpoints over the period"
        axis.set_title(f"Model {model['name']}: {over}\n{model['error']}", fontsize="medium")
        axis.legend(loc="upper right")
    axes[-1].set_xlabel("delay from clock edge to endpoint, setup included (ns)")
    save(figure, path)
