"""`gradgate generate`: Verilog, constraints, build script and manifest of one target."""

import argparse
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hw.spec.config import ARRAY_RANGES, ArrayConfig, MacForm
from hw.spec.pint import PintFormat
from hw.spec.taxonn import FixedFormat
from hw.spec.taxonn_maps import Convolution
from hw.spec.taxonn_nets import NETS

from . import acore, manifest, taxonn, vivado
from .emit import emit
from .errors import UserError
from .files import output_folder
from .progress import Progress
from .targets import TARGETS
from .tidy import module_ports

__all__ = ["add_parser", "generate"]

_MODELS = Path(__file__).resolve().parents[1] / "sim" / "models"
_DEFAULT = ArrayConfig()
_SIZES = {
    "clusters": "PE clusters, output channels in parallel",
    "wpus": "window processing units a cluster, output rows in parallel",
    "rows": "PE rows a unit, kernel rows in parallel",
    "channels": "PE columns a unit, input channels in parallel",
    "acc_bits": "bits of an accumulator and of a partial sum",
}


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
    files, facts = kind.board(config, progress) if kind.board else _module(kind.build(config), target, progress)
    models = {}
    if any(re.search(r"^  DSP48E1 ", text, re.MULTILINE) for text in files.values()):
        models["DSP48E1.v"] = (_MODELS / "DSP48E1.v").read_text()
    files |= models
    kinds = {".v": "verilog", ".xdc": "constraints", ".tcl": "script", ".sh": "script"}
    description = {
        "target": target,
        "parameters": {name: _plain(getattr(config, name)) for name in kind.options},
        "top": target,
        "files": [{"name": name, "kind": kinds[Path(name).suffix], "simulation": name in models} for name in files],
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
        description="Write <target>.v, <target>.xdc, <target>.tcl and manifest.json.",
        epilog=f"targets:\n{targets}\nAn option that a target does not use is accepted and has no effect.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", type=_target, metavar="TARGET", help=f"one of {', '.join(TARGETS)}")
    for name, text in _SIZES.items():
        low, high = ARRAY_RANGES[name]
        text = f"{text}; {low} to {high}, default {getattr(_DEFAULT, name)} {_users(name)}"
        parser.add_argument(_flag(name), type=_integer(name), default=getattr(_DEFAULT, name), metavar="N", help=text)
    pint = f"code width and split point of PINT(k,d); k 4 to 10, d 1 to k-3, default 8,3 {_users('pint')}"
    parser.add_argument("--pint", type=_pint, default=_DEFAULT.pint, metavar="K,D", help=pint)
    mac = f"form of the MAC: {', '.join(MacForm)}, default {_DEFAULT.mac} {_users('mac')}"
    parser.add_argument("--mac", default=_DEFAULT.mac, metavar="FORM", help=mac)
    acore.add_options(parser)
    taxonn.add_options(parser)
    parser.add_argument("--net", metavar="NAME", help=f"a network of taxonn in place of --layers: {', '.join(NETS)}")
    parser.add_argument("--out", type=_path, metavar="DIR", help="output folder, default build/<target>")
    parser.set_defaults(run=_run)


def _users(option: str) -> str:
    return f"({', '.join(name for name, target in TARGETS.items() if option in target.options)})"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _target(text: str) -> str:
    if text not in TARGETS:
        raise UserError(f"Target must be one of {', '.join(TARGETS)}, not {text!r}")
    return text


def _integer(name: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,9}", text, re.ASCII):
            low, high = ARRAY_RANGES[name]
            raise UserError(f"{_flag(name)} must be an integer from {low} to {high}, not {text!r}")
        return int(text)

    return parse


def _pint(text: str) -> PintFormat:
    match = re.fullmatch(r"([+-]?\d{1,9}),([+-]?\d{1,9})", text, re.ASCII)
    if match is None:
        raise UserError(f"--pint must be two integers k,d such as 8,3, not {text!r}")
    try:
        return PintFormat(int(match[1]), int(match[2]))
    except ValueError as error:
        raise UserError(str(error)) from None


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise UserError(f"--out must be the path of a folder, not {text!r}")
    return Path(text)


def _array(arguments: argparse.Namespace) -> ArrayConfig:
    sizes = {name: getattr(arguments, name) for name in _SIZES}
    return ArrayConfig(pint=arguments.pint, mac=arguments.mac, **sizes)


def _run(arguments: argparse.Namespace) -> None:
    try:
        config = (TARGETS[arguments.target].configure or _array)(arguments)
    except ValueError as error:
        raise UserError(str(error)) from None
    out = arguments.out or Path("build", arguments.target)
    start = time.monotonic()
    with output_folder(out) as folder:
        with Progress() as progress:
            files = generate(arguments.target, config, lambda name: progress.show(f"emitting {name}"))
        folder.commit(files)
    verilog = "".join(text for name, text in files.items() if name.endswith(".v") and name != "DSP48E1.v")
    modules = len(re.findall(r"^module ", verilog, re.MULTILINE))
    macs = TARGETS[arguments.target].macs(config)
    print(f"{arguments.target}: {macs} MACs a cycle, {modules} modules, {len(verilog) / 1000:.0f} kB of Verilog")
    print(f"Wrote {', '.join(files)} to {out} in {time.monotonic() - start:.1f} s")
