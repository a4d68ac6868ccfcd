"""`gradgate report`: what a generated design takes of the FPGA, by open synthesis."""

import argparse
import json
import time
from pathlib import Path

from gen.cost.synthesis import DEVICE, RESOURCES, Module, count, synthesise
from gen.errors import UserError
from gen.progress import Progress
from gen.verilog import manifest
from gen.verilog.files import output_folder

__all__ = ["add_parser", "report"]

NAME = manifest.REPORTS[0]
_DEVICE_NAME = "XC7VX690T"


def report(folder: Path, fewest_luts: bool = False, progress=lambda name: None) -> dict:
    """Return the resources of the design in `folder`: in total and for each module.

    The total is that of the dissolved hierarchy. A module's numbers are those of one instance with all below
    it, synthesised on its own, so that they add up to somewhat more than the total.

    Parameters
    ----------
    folder : Path
        Output folder of `gradgate generate`.
    fewest_luts : bool
        Whether LUTs of all sizes cost the same in mapping.
    progress : callable
        Called with what is being done.

    Raises
    ------
    UserError
        If the folder holds no generated design, a file was altered, or Yosys fails.
    """
    design = manifest.load(folder)
    verilog = [file for file in design["files"] if file["kind"] == "verilog"]
    sources = [folder / file["name"] for file in verilog if not file["simulation"]]
    top, macs = design["top"], design["macs_per_cycle"]
    modules, flat = (
        synthesise(
            sources,
            top,
            flatten=flatten,
            fewest_luts=fewest_luts,
            progress=lambda name, what=what: progress(f"{what}: {name}"),
        )
        for what, flatten in (("modules", False), ("total", True))
    )
    total = count(flat, top)
    return {
        "target": design["target"],
        "parameters": design["parameters"],
        "fewest_luts": fewest_luts,
        "device": {"name": _DEVICE_NAME, **DEVICE},
        "total": total,
        "lut_per_mac": round(total["LUT"] / macs, 2) if macs else None,
        "modules": {
            name: {"instances": _instances(modules, top, name), **count(modules, name)} for name in sorted(modules)
        },
        "sha256": {source.name: design["sha256"][source.name] for source in sources},
    }


def _instances(modules: dict[str, Module], top: str, name: str) -> int:
    """Return how often module `name` occurs in `top`."""
    if name == top:
        return 1
    return sum(number * _instances(modules, cell, name) for cell, number in modules[top].items() if cell in modules)


def table(result: dict) -> str:
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
        "LUT includes inverters, shift registers and memory in LUTs; a RAMB36 counts as two RAMB18 also.",
        "",
        "One instance of each module, all below it included, synthesised apart:",
        f"{'module':<24}{'instances':>10}" + "".join(f"{name:>10}" for name in DEVICE),
    ]
    for name, module in result["modules"].items():
        lines.append(f"{name:<24}{module['instances']:>10,}" + "".join(f"{module[key]:>10,}" for key in DEVICE))
    return "\n".join(lines)


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "report",
        help="synthesise a generated design with Yosys and count its resources",
        description="Synthesise what generate wrote in DIR for the 7 series with Yosys, write DIR/report.json and "
        f"show it beside what the {_DEVICE_NAME} has. The full array takes some minutes.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="output folder of gradgate generate")
    parser.add_argument(
        "--fewest-luts", action="store_true", help="map so that LUTs of all sizes cost the same, as they are counted"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run, ends_at_once=True)


def _run(arguments: argparse.Namespace) -> None:
    if not arguments.folder.is_dir():
        raise UserError(f"A report needs a folder that gradgate generate wrote, not {arguments.folder}")
    start = time.monotonic()
    with output_folder(arguments.folder, [NAME]) as folder:
        with Progress() as progress:
            result = report(arguments.folder, arguments.fewest_luts, progress.show)
        text = json.dumps(result, indent=2) + "\n"
        folder.commit({NAME: text})
    if arguments.json:
        print(text, end="")
        return
    print(table(result))
    print(f"Wrote {arguments.folder / NAME} in {time.monotonic() - start:.0f} s")
