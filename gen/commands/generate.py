"""`gradgate generate`: Verilog, constraints, build script and manifest of one target."""

import argparse
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gen.errors import UserError, flag_of
from gen.model.taxonn import NETS
from gen.progress import Progress
from gen.verilog import formats, manifest, registers, vivado
from gen.verilog.emit import emit
from gen.verilog.files import output_folder
from gen.verilog.tidy import module_ports
from gen.version import version
from hw.arch.checks import ConfigError
from hw.arch.pint import PintFormat
from hw.arch.taxonn.config import FixedFormat
from hw.arch.taxonn.maps import Convolution
from sim.rtl.models import DSP48E1

from .options import acore, parse, taxonn
from .options.array import add_array, add_buffers, array_of
from .targets import TARGETS

__all__ = ["add_parser", "generate"]


def generate(target: str, config: Any, progress: Callable[[str], None] = lambda name: None) -> dict[str, str]:
    """Return the files (name to text) of `target`; the same parameters give the same text.

    Parameters
    ----------
    target : str
        A key of :data:`TARGETS`; also the name of the top module.
    config : ArrayConfig, or what the target's `configure` returns
        Sizes and arithmetic; a target takes the fields that it lists.
    progress : callable
        Called with the name of each module.
    """
    kind = TARGETS[target]
    if kind.board:
        files, facts = kind.board(config, progress)
    elif kind.build:
        files, facts = _module(kind.build(config), target, progress)
    else:
        raise ValueError(f"Target {target} must have a component or a board")
    sources, models = [name for name in files if name.endswith(".v")], {}
    if any(re.search(r"^  DSP48E1 ", text, re.MULTILINE) for text in files.values()):
        models["DSP48E1.v"] = DSP48E1.read_text()
    design = formats.Design(target, kind.summary, version(), sources, [*models])
    files |= models | {f"{target}.f": formats.file_list(design), f"{target}.core": formats.core(design)}
    if not kind.board:
        files["package_ip.tcl"] = formats.package_ip(design, [port["name"] for port in facts["ports"]])
    if kind.registers:
        table = kind.registers(config)
        files |= {name: make(table) for name, make in registers.FILES.items()}
    description = {
        "version": version(),
        "target": target,
        "part": vivado.PART,
        "parameters": {name: _plain(_field(config, name)) for name in kind.options},
        "top": target,
        "files": [{"name": name, "kind": formats.kind_of(name), "simulation": name in models} for name in files],
        **facts,
        "macs_per_cycle": kind.macs(config),
        "sha256": {name: manifest.sha256(text) for name, text in files.items()},
    }
    return {**files, manifest.NAME: manifest.dump(description)}


def _module(component: Any, top: str, progress: Callable[[str], None]) -> tuple[dict[str, str], dict]:
    """Return the files of a module by itself, and what the manifest says of them."""
    verilog = emit(component, top, progress)
    ports = module_ports(verilog, top)
    files = {
        f"{top}.v": verilog,
        f"{top}.xdc": vivado.constraints(top, "clk", ports),
        f"{top}.tcl": vivado.script(top, [f"{top}.v"]),
    }
    reset = {"port": "rst", "active": "high", "synchronous": True}
    facts = {
        "clock": {"port": "clk", "period_ns": vivado.PERIOD_NS},
        "reset": reset if any(port.name == "rst" for port in ports) else None,
        "ports": manifest.describe_ports(component, ports),
        "latency": _latency(component),
    }
    return files, facts


def _latency(component: Any) -> int:
    return component.latency if hasattr(component, "latency") else component.LATENCY


def _field(config: Any, name: str):
    """Return a field of a configuration, or of the array in it."""
    return getattr(config if hasattr(config, name) else config.array, name)


def _plain(value):
    """Return a parameter as JSON has it."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, FixedFormat):
        return [value.integer, value.fraction]
    if isinstance(value, Convolution):
        return asdict(value)
    return [value.k, value.d] if isinstance(value, PintFormat) else value


def add_parser(commands) -> None:
    """Add the command to the command line."""
    targets = "".join(f"  {name:<9}{target.summary}\n" for name, target in TARGETS.items())
    parser = commands.add_parser(
        "generate",
        help="write Verilog, constraints, Vivado script and manifest of a target",
        description="Write <target>.v, <target>.xdc, <target>.tcl, files for other tools and manifest.json.",
        epilog=f"targets:\n{targets}\nAn option that a target does not use is refused.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", type=_target, metavar="TARGET", help=f"one of {', '.join(TARGETS)}")
    add_array(parser, _users)
    add_buffers(parser, _users)
    acore.add_options(parser)
    taxonn.add_options(parser)
    parser.add_argument("--net", metavar="NAME", help=f"a network of taxonn in place of --layers: {', '.join(NETS)}")
    parser.add_argument(
        "--out", type=parse.folder("--out"), metavar="DIR", help="output folder, default build/<target>"
    )
    parser.set_defaults(run=_run, ends_at_once=True)


def _users(option: str) -> str:
    return f"({', '.join(name for name, target in TARGETS.items() if option in target.options)})"


def _target(text: str) -> str:
    if text not in TARGETS:
        raise UserError(f"Target must be one of {', '.join(TARGETS)}, not {text!r}")
    return text


def _check_options(name: str, arguments: argparse.Namespace) -> None:
    """Refuse an option that the target does not use."""
    used = TARGETS[name].arguments
    for other in dict.fromkeys(option for target in TARGETS.values() for option in target.arguments):
        if other not in used and getattr(arguments, other) is not None:
            options = ", ".join(map(flag_of, (*used, "out")))
            raise UserError(f"Options of {name} must be among {options}, unlike {flag_of(other)}")


def _run(arguments: argparse.Namespace) -> None:
    name = arguments.target
    _check_options(name, arguments)
    target = TARGETS[name]
    try:
        config = (target.configure or array_of)(arguments)
    except ConfigError as error:
        raise UserError(str(error)) from None
    macs = target.macs(config)
    if macs > vivado.DSPS and not target.board:
        print(
            f"gradgate: {name} takes {macs:,} DSP48E1 or more, but {vivado.PART} has {vivado.DSPS:,}: it will not fit",
            file=sys.stderr,
        )
    out = arguments.out or Path("build", name)
    start = time.monotonic()
    with output_folder(out, [manifest.NAME, f"{name}.v"]) as folder:
        with Progress() as progress:
            files = generate(name, config, lambda module: progress.show(f"emitting {module}"))
        ours, changed = manifest.earlier(out, files)
        folder.commit(files, stale=ours)
    verilog = "".join(text for file, text in files.items() if file.endswith(".v") and file != "DSP48E1.v")
    modules = len(re.findall(r"^module ", verilog, re.MULTILINE))
    print(f"{name}: {macs} MACs a cycle, {modules} modules, {len(verilog) / 1000:.0f} kB of Verilog")
    print(f"Wrote {', '.join(files)} to {out} in {time.monotonic() - start:.1f} s")
    if ours:
        print(f"Removed {', '.join(ours)}, which an earlier call left there")
    if changed:
        print(f"Left {', '.join(changed)} of an earlier call, changed since, which no longer belongs there")
