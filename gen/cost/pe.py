"""What training adds to the PE of TaxoNN, beside what the paper says."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gen.verilog.emit import emit
from hw.arch.taxonn.config import FixedFormat, Rounding
from hw.taxonn.pe import Pe

from .synthesis import count, synthesise, transistors
from .toggles import count_toggles

__all__ = ["COUNTS", "INPUTS", "OUTPUTS", "PAPER", "WIDTHS", "cost", "form_of"]

#: Least and greatest width that has a format.
WIDTHS = (7, 25)
#: Weights of the PE, and PEs of its layer.
INPUTS, OUTPUTS = 64, 32
#: What is counted of each PE.
COUNTS = ("LUT", "FF", "DSP48E1", "transistors", "toggles")
_SCRATCHPAD = "scratchpad"

#: Overheads in percent that the paper prints, by width: of the area in 45 nm (Table II) and of the power (Table III).
PAPER = {
    "area": {21: 8.3, 20: 9.2, 19: 9.1, 18: 8.6, 17: 10.0, 16: 10.8, 15: 8.8, 14: 9.8, 13: 10.5},
    "power": {21: 6.5, 20: 6.7, 19: 6.2, 18: 7.9, 17: 6.5, 16: 5.2, 15: 4.3, 14: 6.5, 13: 7.7},
}
_PAPER_AVERAGE = {"area": 9.5, "power": 6.4}


def _over(base: float, value: float) -> float:
    """Percent by which `value` is over `base`."""
    return round(100 * (value / base - 1), 2)


def form_of(width: int) -> FixedFormat:
    """Return the format of a width: two integer bits where the fraction's 16 bits allow it, else more."""
    integer = min(max(2, width - 17), width - 5)
    return FixedFormat(integer, width - 1 - integer)


def cost(
    widths: Sequence[int], rounding: Rounding, progress: Callable[[str], None] = lambda name: None
) -> dict[str, object]:
    """Return counts of the baseline and of the training PE, and the overhead, for each width and on average.

    The scratchpad is left out. Toggles are those of register and net bits in a cycle of simulation.

    Parameters
    ----------
    widths : sequence of int
        Each of the range :data:`WIDTHS`.
    rounding : Rounding
        Of the update.
    progress : callable
        Called with what is being done.
    """
    rows = [_row(width, rounding, progress) for width in widths]
    names = [*rows[0]["overhead"]]
    average = {name: round(sum(row["overhead"][name] for row in rows) / len(rows), 2) for name in names}
    return {
        "rounding": str(rounding),
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "widths": rows,
        "average_overhead": average,
        "paper_average_overhead": _PAPER_AVERAGE,
    }


def _row(width: int, rounding: Rounding, progress) -> dict:
    form = form_of(width)
    parameters = {"outputs": OUTPUTS, "form": form, "rounding": rounding}
    found = {}
    for name, training in (("baseline", False), ("training", True)):
        progress(f"width {width}: synthesis of the {name} PE")
        found[name] = _synthesise(Pe(inputs=INPUTS, training=training, **parameters))
        progress(f"width {width}: simulation of the {name} PE")
        found[name]["toggles"] = round(count_toggles(INPUTS, False, training=training, **parameters), 1)
    found["training"]["toggles_while_training"] = round(count_toggles(INPUTS, True, training=True, **parameters), 1)
    overhead = {name: _over(found["baseline"][name], found["training"][name]) for name in COUNTS if name != "DSP48E1"}
    return {
        "width": width,
        "format": [form.integer, form.fraction],
        **found,
        "overhead": overhead,
        "paper_overhead": {name: values.get(width) for name, values in PAPER.items()},
    }


def _synthesise(pe: Pe) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "pe.v")
        source.write_text(emit(pe, "pe"))
        cells = count(synthesise([source], "pe", flatten=True, without=[_SCRATCHPAD]), "pe")
        return {**{name: cells[name] for name in COUNTS[:3]}, "transistors": transistors(source, "pe", [_SCRATCHPAD])}
