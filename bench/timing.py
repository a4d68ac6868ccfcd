"""`python -m bench.timing [UNIT ...]`: writes the table of docs/timing.md, the static timing of every unit.

Takes about 20 minutes of one core. With names it measures those units alone; the other lines stay those of the last
run, whose results lie in build/timing.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.cli import main as gradgate
from gen.cost.synthesis import synthesise
from gen.cost.timing.netlist import read
from gen.cost.timing.summary import levels, summarise
from gen.progress import Progress

__all__ = ["UNITS", "Unit", "main", "table"]

_ROOT = Path(__file__).resolve().parents[1]
_PAGE = _ROOT / "docs" / "timing.md"
_BUILD = _ROOT / "build" / "timing"
#: The table stands between these lines of the page.
_BEGIN, _END = "<!-- python -m bench.timing: begin -->\n", "<!-- end -->\n"
_PERIODS = (5.0, 2.5)


@dataclass(frozen=True)
class Unit:
    """A module of a target at its default size.

    Parameters
    ----------
    target : str
        What `gradgate generate` is asked for.
    module : str
        The module, with all below it.
    flat : bool
        Whether it is optimised across its modules.
    """

    target: str
    module: str
    flat: bool = True


#: Every unit by the name that the table gives it, quick ones first.
UNITS = {
    "MAC, dsp": Unit("mac", "mac"),
    "conversion unit": Unit("convert", "convert"),
    "scalar controller": Unit("acore", "scalar"),
    "drain": Unit("ccore", "drain"),
    "lane": Unit("acore", "lane"),
    "WPU": Unit("ccore", "wpu"),
    "sequencer": Unit("ccore", "sequencer"),
    "APU": Unit("acore", "apu"),
    "input network": Unit("ccore", "input_network"),
    "weight buffer": Unit("ccore", "weight_buffer"),
    "partial sums": Unit("ccore", "partial_sums"),
    "cluster": Unit("ccore", "cluster"),
    "TaxoNN 64-32-10": Unit("taxonn", "taxonn", flat=False),
    "A-Core": Unit("acore", "acore", flat=False),
    "C-Core": Unit("ccore", "ccore", flat=False),
}


def _folder(target: str) -> Path:
    """Generate a target once and return its folder."""
    folder = _BUILD / target
    if not (folder / "manifest.json").exists() and gradgate(["generate", target, "--out", str(folder)]):
        raise SystemExit(f"{target} must generate")
    return folder


def measure(unit: Unit, progress=lambda name: None) -> dict[str, Any]:
    """Return the number of LUTs and the timing of a unit for each period."""
    folder = _folder(unit.target)
    netlist = folder / f"{unit.module}.json"
    source = folder / f"{unit.target}.v"
    synthesise([source], unit.module, flatten=unit.flat, netlist=netlist, progress=progress)
    cells = read(netlist, unit.module)
    netlist.unlink()
    first, *others = (summarise(cells, period, progress)["models"] for period in _PERIODS)
    for number, model in enumerate(first):
        model["over"] = [model["over"], *(other[number]["over"] for other in others)]
    return {model["name"]: {key: model[key] for key in ("worst_ns", "endpoints", "over", "paths")} for model in first}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the table as Markdown."""
    heads = ["unit", "mode", "Y, ns", "V, ns", "worst path by V", "levels", "fan-out", "endpoints"]
    heads += [f"over {period:g} ns by V" for period in _PERIODS]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for name, unit in UNITS.items():
        if name in results:
            model, path = results[name]["V"], results[name]["V"]["paths"][0]
            cells = [name, "flat" if unit.flat else "modules"]
            cells += [f"{results[name][key]['worst_ns']:.2f}" for key in ("Y", "V")]
            cells += [f"`{path['start']}` -> `{path['end']}`", levels(path), f"{path['fan_out']:,}"]
            cells += [f"{number:,}" for number in (model["endpoints"], *model["over"])]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def main(names: list[str]) -> int:
    """Measure the units of these names, or all, and write the table."""
    if unknown := [name for name in names if name not in UNITS]:
        print(f"Units must be of {', '.join(UNITS)}, not {', '.join(unknown)}", file=sys.stderr)
        return 2
    kept = _BUILD / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in names or UNITS:
        with Progress() as progress:
            results[name] = measure(UNITS[name], lambda what, name=name: progress.show(f"{name}: {what}"))
        kept.write_text(json.dumps(results, indent=1))
        before, _, rest = _PAGE.read_text().partition(_BEGIN)
        _PAGE.write_text(before + _BEGIN + table(results) + _END + rest.partition(_END)[2])
        print(f"{name}: {results[name]['V']['worst_ns']:.2f} ns by model V")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
