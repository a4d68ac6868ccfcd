"""The breakdown of cycles by layer and phase as a picture (ETA, Figs. 11-13)."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from gen.compiler.report import Row
from gen.model.layer import Phase
from sim.charts.picture import check, save

__all__ = ["check", "draw"]

_COLOURS = {"Calc": "#4c72b0", "RdAct": "#dd8452", "RdWt": "#55a868", "WrOut": "#8172b3"}
#: What the words of the papers mean; loads by the buffer's port or DRAM, whichever is slower.
_WORDS = {
    "Calc": "Calc: the array calculates",
    "RdAct": "RdAct: inputs into their buffer",
    "RdWt": "RdWt: weights into theirs, in WG errors",
    "WrOut": "WrOut: results into DRAM",
}


def _parts(row: Row) -> dict[str, float]:
    """Cycles of each kind: of a transaction those of the buffer's port or of DRAM, whichever is slower."""
    cost = row.cost
    return {
        "Calc": cost.calc,
        "RdAct": max(cost.inputs, cost.dram_inputs),
        "RdWt": max(cost.weights, cost.dram_weights),
        "WrOut": cost.dram_outputs,
    }


def draw(rows: Sequence[Row], batch: int, title: str, path: Path) -> None:
    """Draw a stacked bar for each layer, one chart a phase, and the cycles that remain where they overlap.

    Raises
    ------
    ConfigError
        If there is no format of this suffix, or the file cannot be written.
    """
    figure = Figure(figsize=(11, 9), dpi=110, layout="constrained")
    nodes = sorted({row.node for row in rows})
    charts = figure.subplots(len(Phase), 1, sharex=True)
    for axes, phase in zip(charts, Phase, strict=True):
        mine = [row for row in rows if row.phase == phase]
        places = [nodes.index(row.node) for row in mine]
        below = [0.0] * len(mine)
        for name, colour in _COLOURS.items():
            heights = [_parts(row)[name] / batch / 1000 for row in mine]
            axes.bar(places, heights, bottom=below, color=colour, label=_WORDS[name])
            below = [low + high for low, high in zip(below, heights, strict=True)]
        totals = [row.cost.total / batch / 1000 for row in mine]
        axes.plot(places, totals, "k_", markersize=12, label="all of them at the same time, as the machine does")
        axes.set_ylabel(f"{phase}, 1000 cycles an image")
        axes.grid(axis="y", alpha=0.3)
    layers = {row.node: row.layer for row in rows}
    names = [
        f"{each.in_channels}\n{each.out_channels}\n{each.kernel}x{each.kernel}/{each.stride}\n{each.height}"
        for each in (layers[node] for node in nodes)
    ]
    axes = charts[-1]
    axes.set_xticks(range(len(nodes)), names, fontsize=7)
    axes.set_xlabel("layer: channels of input and output, kernel / stride, rows of the input")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=3)
    figure.suptitle(title, fontsize=11)
    save(figure, path)
