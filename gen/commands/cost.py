"""`gradgate cost`: what training adds to a processing element."""

import argparse
import json
import re
import time

from gen.cost.pe import COUNTS, INPUTS, OUTPUTS, WIDTHS, cost
from gen.errors import UserError
from gen.progress import Progress
from hw.arch.taxonn.config import Rounding

from .options import parse
from .output import check_outputs, write

__all__ = ["add_parser", "table"]


def table(result: dict) -> str:
    """Return the result of :func:`gen.cost.pe.cost` as text."""
    lines = [
        f"PE of {INPUTS} weights in a layer of {OUTPUTS}, without its scratchpad: baseline > training PE",
        f"{'bits':>4} {'I,F':>5} {'LUT':>11} {'FF':>11} {'DSP':>5} {'transistors':>15} {'over':>7} {'paper':>7}"
        f" {'toggles a cycle':>22} {'over':>7} {'paper':>7}",
    ]
    for row in result["widths"]:
        base, train, over, paper = (row[name] for name in ("baseline", "training", "overhead", "paper_overhead"))
        lut, ff, dsp, gates, _ = (f"{base[name]} > {train[name]}" for name in COUNTS)
        toggles = f"{base['toggles']} > {train['toggles']}; {train['toggles_while_training']}"
        lines.append(
            f"{row['width']:>4} {','.join(map(str, row['format'])):>5} {lut:>11} {ff:>11} {dsp:>5} {gates:>15}"
            f" {_percent(over['transistors'])} {_percent(paper['area'])} {toggles:>22} {_percent(over['toggles'])}"
            f" {_percent(paper['power'])}"
        )
    mean, paper = result["average_overhead"], result["paper_average_overhead"]
    lines += [
        f"{'average':<56}{_percent(mean['transistors']):>7} {_percent(paper['area'])}"
        f"{'':>23} {_percent(mean['toggles'])} {_percent(paper['power'])}",
        f"On average {mean['LUT']:.1f} % more LUT and {mean['FF']:.1f} % more FF.",
        "LUT, FF, DSP: Yosys for xc7, the multiplier in a DSP. Transistors: the estimate of Yosys's stat -tech cmos.",
        "Toggles: bits of registers and nets that change in RTL simulation, inferring; then while training.",
        "Paper: overhead of the area in 45 nm (Table II) and of the power (Table III), which no open tool gives here.",
    ]
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:>5.1f} %"


def _widths(text: str) -> list[int]:
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip(), re.ASCII)
        if match is None:
            raise UserError(f"--widths must be widths such as 13-21 or 13,17, not {text!r}")
        low, high = int(match[1]), int(match[2] or match[1])
        for end in (low, high):
            if not WIDTHS[0] <= end <= WIDTHS[1]:
                raise UserError(f"A width must be {WIDTHS[0]} to {WIDTHS[1]}, not {end}")
        if low > high:
            raise UserError(f"A range of widths must rise, unlike {part.strip()}")
        found += range(low, high + 1)
    return sorted(set(found))


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "cost",
        help="what training adds to TaxoNN's processing element, by bit width",
        description="Synthesise TaxoNN's PE with and without training for the 7 series and as CMOS gates, count "
        "toggles in simulation, and show them beside Tables II and III of its paper. Nine widths take some minutes.",
    )
    parser.add_argument("machine", type=parse.choice("Machine", ["taxonn"]), metavar="MACHINE", help="taxonn")
    parser.add_argument("--widths", default="13-21", metavar="N-M", help="bit widths (default: 13-21)")
    parser.add_argument(
        "--rounding",
        type=parse.choice("--rounding", Rounding),
        default=Rounding.STOCHASTIC,
        metavar="HOW",
        help=f"of the weight update: {' or '.join(Rounding)}",
    )
    parser.add_argument("--out", type=parse.file("--out"), metavar="FILE", help="also write the JSON to this file")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    widths, out, start = _widths(arguments.widths), arguments.out, time.monotonic()
    check_outputs({"Output file": out})
    with Progress() as progress:
        result = cost(widths, Rounding(arguments.rounding), progress.show)
    text = json.dumps(result, indent=2) + "\n"
    if out:
        write("Output file", out, text)
    if arguments.json:
        print(text, end="")
        return
    print(table(result))
    print(f"Took {time.monotonic() - start:.0f} s" + f"; wrote {out}" * bool(out))
