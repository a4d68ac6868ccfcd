"""`gradgate report`: what a generated design takes of the FPGA, by open synthesis, and the timing of its netlist."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from gen.cost.synthesis import DEVICE, RESOURCES, Module, count, synthesise
from gen.cost.timing.netlist import read
from gen.cost.timing.summary import summarise
from gen.cost.timing.summary import table as timing_table
from gen.errors import UserError
from gen.progress import Progress
from gen.verilog import manifest
from gen.verilog.files import output_folder, scratch_folder
from hw.arch.checks import ConfigError

from .options import parse
from .output import check_outputs

__all__ = ["add_parser", "report"]

NAME = manifest.REPORTS[0]
_DEVICE_NAME = "XC7VX690T"
#: What the numbers of each mode mean.
_MODES = {
    "modules": "each distinct module synthesised once and counted as often as it occurs; nothing crosses modules",
    "flat": "the dissolved hierarchy, optimised across modules",
}
_PERIOD_NS = 5.0


def report(
    folder: Path,
    *,
    flat: bool = False,
    fewest_luts: bool = False,
    period: float | None = None,
    progress=lambda name: None,
) -> dict[str, Any]:
    """Return the resources of the design in `folder`, in total and for each module, and its timing.

    A module's numbers are those of one instance with all below it. By default each distinct module is synthesised
    once, and the total is the sum over all instances; a flat run has the total only.

    Parameters
    ----------
    folder : Path
        Output folder of `gradgate generate`.
    flat : bool
        Whether the hierarchy is dissolved first: exact as a vendor's tool would do it, but slow for large designs.
    fewest_luts : bool
        Whether LUTs of all sizes cost the same in mapping.
    period : float, optional
        Clock period in ns, for which the static timing is reported too.
    progress : callable
        Called with what is being done.

    Raises
    ------
    UserError
        If the folder holds no generated design, a file was altered, or Yosys fails.
    """
    design = manifest.load(folder)
    sources = [folder / file["name"] for file in design["files"] if _is_source(file)]
    top, macs = design["top"], design["macs_per_cycle"]
    with scratch_folder() as scratch:
        netlist = scratch / "netlist.json" if period is not None else None
        modules = synthesise(sources, top, flatten=flat, fewest_luts=fewest_luts, netlist=netlist, progress=progress)
        timing = {} if netlist is None else {"timing": summarise(read(netlist, top), period or 0, progress)}
    total = count(modules, top)
    mode = "flat" if flat else "modules"
    return {
        "target": design["target"],
        "parameters": design["parameters"],
        "mode": mode,
        "meaning": _MODES[mode],
        "fewest_luts": fewest_luts,
        "device": {"name": _DEVICE_NAME, **DEVICE},
        "total": total,
        "lut_per_mac": round(total["LUT"] / macs, 2) if macs else None,
        "modules": {} if flat else _per_module(modules, top),
        **timing,
        "sha256": {source.name: design["sha256"][source.name] for source in sources},
    }


def _is_source(file: dict[str, Any]) -> bool:
    return file["kind"] == "verilog" and not file["simulation"]


def _per_module(modules: dict[str, Module], top: str) -> dict[str, dict[str, int]]:
    return {name: {"instances": _instances(modules, top, name), **count(modules, name)} for name in sorted(modules)}


def _instances(modules: dict[str, Module], top: str, name: str) -> int:
    """Return how often module `name` occurs in `top`."""
    if name == top:
        return 1
    return sum(number * _instances(modules, cell, name) for cell, number in modules[top].items() if cell in modules)


def table(result: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = [f"{'resource':<24}{'used':>10}{_DEVICE_NAME:>12}{'share':>9}"]
    for name in RESOURCES:
        line = f"{name:<24}{result['total'][name]:>10,}"
        if name in DEVICE:
            line += f"{DEVICE[name]:>12,}{result['total'][name] / DEVICE[name]:>9.2%}"
        lines.append(line)
    if result["lut_per_mac"] is not None:
        lines.append(f"{'LUT per MAC':<24}{result['lut_per_mac']:>10.2f}")
    lines += [
        f"Mode {result['mode']}: {result['meaning']}.",
        "LUT includes inverters, shift registers and memory in LUTs; a RAMB36 counts as two RAMB18 also.",
    ]
    if result["modules"]:
        heads = "".join(f"{name:>10}" for name in DEVICE)
        lines += ["", "One instance of each module, all below it included:", f"{'module':<24}{'instances':>10}{heads}"]
    for name, module in result["modules"].items():
        lines.append(f"{name:<24}{module['instances']:>10,}" + "".join(f"{module[key]:>10,}" for key in DEVICE))
    if "timing" in result:
        lines += ["", timing_table(result["timing"])]
    return "\n".join(lines)


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "report",
        help="synthesise a generated design with Yosys: its resources, and the timing of its netlist",
        description="Synthesise what generate wrote in DIR for the 7 series with Yosys, write DIR/report.json and "
        f"show it beside what the {_DEVICE_NAME} has. The full C-Core takes some minutes.",
    )
    parser.add_argument("folder", type=parse.folder("DIR"), metavar="DIR", help="output folder of gradgate generate")
    parser.add_argument(
        "--flat", action="store_true", help="dissolve the hierarchy first: optimised across modules, slow if large"
    )
    parser.add_argument(
        "--fewest-luts", action="store_true", help="map so that LUTs of all sizes cost the same, as they are counted"
    )
    parser.add_argument(
        "--timing", action="store_true", help="static timing of the netlist too, under two models of delays"
    )
    parser.add_argument(
        "--period",
        type=parse.number("--period", 0, 1000),
        metavar="NS",
        help=f"with --timing: the clock period (default: {_PERIOD_NS} ns)",
    )
    parser.add_argument(
        "--plot", type=parse.file("--plot"), metavar="FILE", help="with --timing: draw a histogram of the endpoints"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run, ends_at_once=True)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse before the work what would be refused after it."""
    for option in ("period", "plot"):
        if getattr(arguments, option) is not None and not arguments.timing:
            raise UserError(f"--{option} belongs to --timing, which is not given")
    if not arguments.folder.is_dir():
        raise UserError(f"A report needs a folder that gradgate generate wrote, not {arguments.folder}")
    if arguments.plot:
        # Imported late: charts need a package that takes seconds to load.
        from sim.charts.picture import check

        check(arguments.plot)
        check_outputs({"Plot": arguments.plot})


def _run(arguments: argparse.Namespace) -> None:
    start = time.monotonic()
    try:
        _check(arguments)
        with output_folder(arguments.folder, [NAME]) as folder:
            with Progress() as progress:
                result = report(
                    arguments.folder,
                    flat=arguments.flat,
                    fewest_luts=arguments.fewest_luts,
                    period=(arguments.period or _PERIOD_NS) if arguments.timing else None,
                    progress=progress.show,
                )
            text = json.dumps(result, indent=2) + "\n"
            if arguments.plot:
                from sim.charts.timing import draw

                draw(result["timing"], f"{result['target']} ({result['mode']})", arguments.plot)
            folder.commit({NAME: text})
    except ConfigError as error:
        raise UserError(str(error)) from None
    if arguments.json:
        print(text, end="")
        return
    print(table(result))
    print(f"Wrote {arguments.folder / NAME} in {time.monotonic() - start:.0f} s")
