"""`gradgate cycles`: what a training step of a network takes on the C-Core, layer by layer."""

import argparse
import json
import re
from collections.abc import Sequence

from gen.compiler.report import Row, rows, summary
from gen.compiler.timing import Ports
from gen.errors import UserError
from gen.model.zoo import DIGITS_SHAPE, FIXED_SHAPES, IMAGENET_SHAPE, NETWORKS, build
from gen.progress import Progress
from hw.arch.ccore.config import CCORE_RANGES, CCoreConfig
from hw.arch.checks import ConfigError

from .options import parse
from .options.array import add_array, add_buffers, ccore_of
from .output import check_outputs

__all__ = ["add_parser", "table"]

#: Most images of a batch: those that a descriptor counts.
_MOST_IMAGES = 4095
#: Most channels, rows and columns of an image.
_MOST_PIXELS = 1024


def _summary(totals: dict) -> str:
    """Cycles an image and utilisation in words."""
    return f"{totals['cycles_per_image']:,.0f} cycles, {totals['utilisation']:.3f}"


def _speed(totals: dict, mhz: float) -> dict:
    """Images and 10^9 operations a second, two a MAC, of the C-Core with the loads beside it."""
    images = mhz * 1e6 / totals["with_loads"]["cycles_per_image"]
    return {"images_per_second": round(images, 1), "gops": round(2 * images * totals["macs_per_image"] / 1e9, 1)}


def _speed_words(totals: dict, mhz: float) -> str:
    speed = _speed(totals, mhz)
    return (
        f"C-Core with loads at a clock of {mhz:g} MHz, which is assumed: {speed['images_per_second']:,.1f} images a "
        f"second, {speed['gops']:,.1f} GOPS (two operations a MAC)"
    )


def table(found: Sequence[Row], totals: dict, batch: int, mhz: float) -> str:
    """The rows as text, cycles and MACs an image, and the speed at a clock."""
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
            "Columns, all an image:",
            "  phase: FP forward, BP back-propagation, WG weight gradient; pattern: how the C-Core runs it",
            "  cycles: as if no buffer were too small; util.: products over what the MACs could do in these cycles",
            "  in buffers: in tiles that fit the buffers, operands in time; with loads: and waiting for their loads",
            "  inputs, weights, DRAM: cycles in which the buffers are loaded and DRAM moves, beside the calculation",
            f"An image: {totals['macs_per_image']:,} MACs, {totals['cycles_per_image']:,.0f} cycles of the C-Core "
            f"alone, utilisation {totals['utilisation']:.3f}; in its buffers {_summary(buffers)}; "
            f"with loads {_summary(loads)}",
            _speed_words(totals, mhz),
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
    net = parse.choice("--net", NETWORKS)
    parser.add_argument("--net", required=True, type=net, metavar="NAME", help=f"one of {', '.join(NETWORKS)}")
    fixed = ", ".join(f"{name} {_times(shape)}" for name, shape in FIXED_SHAPES.items())
    image = f"channels, rows and columns of an image (default: {fixed}; others {_times(DIGITS_SHAPE)}, the digits)"
    parser.add_argument("--image", type=_image, metavar="CxHxW", help=image)
    batch = parse.integer("--batch", 1, _MOST_IMAGES)
    parser.add_argument("--batch", type=batch, default=48, metavar="N", help="images a step (default: 48)")
    add_array(parser)
    add_buffers(parser)
    rate, clock = parse.number("--dram-gbps", 0, 1e6), parse.number("--mhz", 0, 1e6)
    memory = "10^9 bytes a second of DRAM (default: 29.9)"
    parser.add_argument("--dram-gbps", type=rate, default=29.9, metavar="X", help=memory)
    parser.add_argument("--mhz", type=clock, default=200.0, metavar="X", help="clock of the machine (default: 200)")
    port = "granules (codes of all clusters) that the weight buffer takes a cycle (default: 1)"
    parser.add_argument("--weight-port", type=parse.integer("--weight-port", 1, 64), default=1, metavar="N", help=port)
    parser.add_argument(
        "--plot", type=parse.file("--plot"), metavar="FILE", help="draw the breakdown, such as cycles.png"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=_run)


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _image(text: str) -> tuple[int, int, int]:
    sizes = [int(size) for size in re.findall(r"\d{1,4}", text)] if re.fullmatch(r"[0-9]+(x[0-9]+){2}", text) else []
    if len(sizes) != 3 or _times(sizes) != text or not all(1 <= size <= _MOST_PIXELS for size in sizes):
        raise UserError(f"--image must be CxHxW such as 3x32x32, each 1 to {_MOST_PIXELS}, not {text!r}")
    channels, height, width = sizes
    return channels, height, width


def _run(arguments: argparse.Namespace) -> None:
    shape = arguments.image or FIXED_SHAPES.get(arguments.net, DIGITS_SHAPE)
    ports = Ports(arguments.dram_gbps, arguments.mhz, arguments.weight_port)
    found = []
    try:
        network = build(arguments.net, shape, 1000 if shape == IMAGENET_SHAPE else 10)
        config = ccore_of(arguments)
        if arguments.plot:
            from .cycles_chart import check, draw

            check(arguments.plot)
        check_outputs({"Plot": arguments.plot})
        with Progress() as progress:
            for row in rows(network, arguments.batch, config, ports):
                found.append(row)
                progress.show(f"{row.phase} of node {row.node} of {network.key_nodes[-1]}")
        totals = summary(found, arguments.batch)
        if arguments.plot:
            title = f"{arguments.net}, images {_times(shape)}, on {config.array}, batch {arguments.batch}\n"
            title += _speed_words(totals, arguments.mhz)
            draw(found, arguments.batch, title, arguments.plot)
    except ConfigError as error:
        raise UserError(str(error)) from None
    if arguments.json:
        print(json.dumps(_describe(arguments, shape, config, totals)))
    else:
        print(table(found, totals, arguments.batch, arguments.mhz))


def _describe(arguments: argparse.Namespace, shape: Sequence[int], config: CCoreConfig, totals: dict) -> dict:
    """The result as JSON: what it is of, totals an image, and the layers with the cycles and MACs of a whole batch."""
    array = config.array
    sizes = {name: getattr(array, name) for name in ("clusters", "wpus", "rows", "channels", "acc_bits")}
    return {
        "net": arguments.net,
        "image": list(shape),
        "batch": arguments.batch,
        "array": {**sizes, "pint": [array.pint.k, array.pint.d], "macs": array.macs},
        "buffers": {name: getattr(config, name) for name in CCORE_RANGES},
        "ports": {"dram_gbps": arguments.dram_gbps, "mhz": arguments.mhz, "weight_port": arguments.weight_port},
        "units": {"totals": "an image", "layers": "a batch"},
        **_speed(totals, arguments.mhz),
        **totals,
    }
