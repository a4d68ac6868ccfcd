"""The chart of the demo."""

from pathlib import Path

from matplotlib.figure import Figure

__all__ = ["draw"]

#: Colours that the colour-blind tell apart too.
COLOURS = {"FP": "#0072B2", "BP": "#E69F00", "WG": "#009E73"}
NAMES = {"FP": "forward (FP)", "BP": "backward (BP)", "WG": "weight gradient (WG)"}


def draw(rows: list[dict], total: dict, title: str, file: Path) -> None:
    """Draw the utilisation of the MACs, a bar a layer and phase, of the rows and the total of the demo.

    Behind a bar, pale, is the utilisation without the cycles in which the array waits.
    """
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    phases = list(COLOURS)
    figure = Figure(figsize=(9, 1.4 + 1.1 * len(layers)), layout="constrained")
    axes = figure.add_subplot()
    blank = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # No line runs through the numbers.
    for row in rows:
        y = layers.index(row["layer"]) + 0.27 * (phases.index(row["phase"]) - 1)
        share = 100 * row["utilisation"]
        first = row["layer"] == layers[0]
        passes = share * row["cycles"] / row["formula_cycles"]
        axes.barh(y, passes, 0.25, color=COLOURS[row["phase"]], alpha=0.25)
        axes.barh(y, share, 0.25, color=COLOURS[row["phase"]], label=NAMES[row["phase"]] if first else None)
        text = f"{share:.1f} %   {row['cycles']:,} cycles"
        axes.text(max(share, passes) + 0.8, y, text, va="center", fontsize=8, bbox=blank)
    mean = 100 * total["utilisation"]
    axes.axvline(mean, color="0.35", linestyle="--", linewidth=1, zorder=0, label=f"all together: {mean:.1f} %")
    shapes = [next(row["shape"] for row in rows if row["layer"] == layer) for layer in layers]
    labels = [f"{layer}\n{shape.replace(', ', chr(10), 1)}" for layer, shape in zip(layers, shapes, strict=True)]
    axes.set_yticks(range(len(layers)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 125)  # Room for the text behind the bars.
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("MAC utilisation in %: products / (cycles measured on the Verilog x MACs); pale: without waiting")
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, loc="left", fontsize=11)
    total_line, *bars = axes.get_legend_handles_labels()[0]
    place = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.1)}
    axes.legend(handles=[*bars, total_line], ncols=4, frameon=False, fontsize=9, **place)
    figure.savefig(file, dpi=150)
