"""Constraints and build script for Vivado, filled in from the templates in `constraints/`."""

from collections.abc import Sequence
from pathlib import Path
from string import Template

from .tidy import Port

__all__ = ["DSPS", "PART", "PERIOD_NS", "constraints", "fill", "script"]

#: The FPGA of the VC709 board.
PART = "xc7vx690tffg1761-2"
#: Its DSP48E1 slices.
DSPS = 3600
#: 200 MHz (ETA, Section V).
PERIOD_NS = 5.0
#: What of the period belongs to the neighbours of a module built out of context.
MARGIN_NS = 1.0

_TEMPLATES = Path(__file__).resolve().parents[2] / "constraints"


class _Template(Template):
    delimiter = "@"  # $ is Tcl's


def constraints(top: str, clock: str, ports: Sequence[Port]) -> str:
    """Return the XDC text of module `top`: its clock, and bounds from and to all its other `ports`."""
    return fill(
        "module.xdc",
        top=top,
        clock=clock,
        period=f"{PERIOD_NS:.3f}",
        margin=f"{MARGIN_NS:.3f}",
        inside=f"{PERIOD_NS - MARGIN_NS:.3f}",
        inputs=_patterns(ports, "input", clock),
        outputs=_patterns(ports, "output", clock),
    )


def script(top: str, sources: Sequence[str]) -> str:
    """Return the Tcl text that builds `top` from the Verilog files `sources` beside it."""
    return fill("module.tcl", top=top, part=PART, period=f"{PERIOD_NS:.3f}", sources=" ".join(sources))


def fill(name: str, **values: str) -> str:
    """Return a template of `constraints/` with its names replaced."""
    return _Template((_TEMPLATES / name).read_text()).substitute(values)


def _patterns(ports: Sequence[Port], direction: str, clock: str) -> str:
    """Return the names for `get_ports`, buses with their index."""
    chosen = (port for port in ports if port.direction == direction and port.name != clock)
    return " ".join(f"{port.name}[*]" if port.width > 1 else port.name for port in chosen)
