"""`gradgate cycles`: what a training step of a network takes on the C-Core, layer by layer."""

import argparse
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from gen.compiler.report import Row, rows, summary
from gen.compiler.timing import Ports
from gen.errors import UserError
from gen.model.zoo import FIXED_SHAPES, IMAGENET_SHAPE, build
from gen.progress import Progress
from hw.arch.checks import ConfigError

from .options.array import add_array, add_buffers, ccore_of

__all__ = ["add_parser", "table"]

#: Most images of a batch: those that a descriptor counts.
_MOST_IMAGES = 4095


def _summary(totals: dict) -> str:
    """Cycles an image and utilisation in words."""
    return f"{totals['cycles_per_image']:,.0f} cycles, {totals['utilisation']:.3f}"


def table(found: Sequence[Row], totals: dict, batch: int) -> str:
    """The rows as text, cycles and MACs an image."""
    lines = [
        f"{'node':>4} {'layer':<42} {'phase':<5} {'pattern':<9} {'cycles':>9} {'MACs':>11} {'util.':>6}"
        f" {'in buffers':>10} {'with loads':>10} {'inputs':>8} {'weights':>8} {'DRAM':>7}"
    ]
    for row in found:
        cost = row.cost
        dram = cost.dram_inputs + cost.dram_weights + cost.dram_outputs
        numbers = [each / batch for each in (cost.calc, cost.total, cost.inputs, cost.weights, dram)]
        lines.append(
            f"{row.node:>4} {str(row.layer).split('x', 1)[1]:<42} {row.phase:<5} {row.pattern:<9}"
            f" {row.alone / batch:>9.0f} {row.layer.macs // batch:>11,} {row.utilisation:>6.3f}"
            f" {numbers[0]:>10.0f} {numbers[1]:>10.0f} {numbers[2]:>8.0f} {numbers[3]:>8.0f} {numbers[4]:>7.0f}"
        )
    buffers, loads = totals["in_buffers"], totals["with_loads"]
    return "\n".join(
        [
            *lines,
            "cycles: no buffer is too small; in buffers: tiles that fit, operands in time",
            "inputs, weights, DRAM: cycles of loading the buffers, and of all traffic of DRAM, beside the calculation",
            f"An image: {totals['macs_per_image']:,} MACs, {totals['cycles_per_image']:,.0f} cycles of the C-Core "
            f"alone, utilisation {totals['utilisation']:.3f}; in its buffers {_summary(buffers)}; "
            f"with loads {_summary(loads)}",
        ]
    )


def add_parser(commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "cycles",
        help="cycles of a training step on the C-Core, by layer and phase",
        description="Cut the layers of a network into descriptors that fit the buffers, and count the cycles of FP, BP "
        "and WG on the C-Core: of the passes, and of the loads that run beside them. No BP of the first layer. "
        "What the A-Core moves (normalisation, weight update) is not counted.",
    )
    parser.add_argument("--net", required=True, type=_net, metavar="NAME", help=f"one of {', '.join(FIXED_SHAPES)}")
    batch = _number("--batch", int, 1, _MOST_IMAGES)
    parser.add_argument("--batch", type=batch, default=48, metavar="N", help="images a step (default: 48)")
    add_array(parser)
    add_buffers(parser)
    rate, clock = _number("--dram-gbps", float, 0, 1e6), _number("--mhz", float, 0, 1e6)
    memory = "10^9 bytes a second of DRAM (default: 29.9)"
    parser.add_argument("--dram-gbps", type=rate, default=29.9, metavar="X", help=memory)
    parser.add_argument("--mhz", type=clock, default=200.0, metavar="X", help="clock of the machine (default: 200)")
    port = "granules (codes of all clusters) that the weight buffer takes a cycle (default: 1)"
    parser.add_argument("--weight-port", type=_number("--weight-port", int, 1, 64), default=1, metavar="N", help=port)
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the breakdown, such as cycles.png")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run)


def _net(text: str) -> str:
    if text not in FIXED_SHAPES:
        raise UserError(f"Network must be one of {', '.join(FIXED_SHAPES)}, not {text!r}")
    return text


def _number(flag: str, kind: type, low: int, high: float) -> Callable[[str], float]:
    """A parser of integers from `low` on, or of floats above it."""
    form = r"[+-]?\d{1,9}" if kind is int else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
    limits = f"an integer from {low} to {high}" if kind is int else f"a number above {low} and up to {high:.0f}"

    def parse(text: str):
        value = kind(text) if re.fullmatch(form, text, re.ASCII) else math.nan
        if not (low <= value <= high if kind is int else low < value <= high):
            raise UserError(f"{flag} must be {limits}, not {text!r}")
        return value

    return parse


def _run(arguments: argparse.Namespace) -> None:
    shape = FIXED_SHAPES[arguments.net]
    network = build(arguments.net, shape, 1000 if shape == IMAGENET_SHAPE else 10)
    ports = Ports(arguments.dram_gbps, arguments.mhz, arguments.weight_port)
    found = []
    try:
        config = ccore_of(arguments)
        if arguments.plot:
            from .cycles_chart import check, draw

            check(arguments.plot)
        with Progress() as progress:
            for row in rows(network, arguments.batch, config, ports):
                found.append(row)
                progress.show(f"{row.phase} of node {row.node}")
        if arguments.plot:
            draw(found, arguments.batch, f"{arguments.net} on {config.array}, batch {arguments.batch}", arguments.plot)
    except ConfigError as error:
        raise UserError(str(error)) from None
    totals = summary(found, arguments.batch)
    print(json.dumps(totals) if arguments.json else table(found, totals, arguments.batch))
