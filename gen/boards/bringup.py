"""The target `bringup`: the bring-up test of an array on the VC709, as a build plan for Vivado."""

from collections.abc import Callable

from gen.errors import UserError
from gen.verilog.emit import emit
from gen.verilog.tidy import module_ports, tidy
from gen.verilog.vivado import DSPS
from hw.arch.array.config import ArrayConfig
from hw.array.array import Array
from hw.boards.vc709 import VC709Platform
from hw.bringup.board import BringUpBoard
from hw.bringup.bringup import BringUp
from sim.golden import bringup as golden

__all__ = ["CORE", "ROUNDS", "files"]

#: Verilog module of the test without the pins; its file is emitted apart, each module once.
CORE = "bringup_core"
#: How often the test runs the passes of `hw.arch.bringup`.
ROUNDS = 256
BAUD = 115200

#: What of Amaranth's plan is written.
_FILES = ("bringup.v", f"{CORE}.v", "bringup.xdc", "bringup.tcl", "build_bringup.sh")

#: The platform's script goes on to a bitstream when the timing is not met; ours ends with code 1.
_TIMING = """\
foreach delay {max min} {
    if {[get_property SLACK [get_timing_paths -delay_type $delay -max_paths 1]] < 0} {
        puts stderr "Timing is not met ($delay)"
        exit 1
    }
}"""


def files(config: ArrayConfig, progress: Callable[[str], None] = lambda name: None) -> tuple[dict[str, str], dict]:
    """Return the files (name to text) of the build plan, and what the manifest says of them.

    Raises
    ------
    UserError
        If the FPGA of the board has fewer DSP slices than the array has MACs.
    """
    if config.macs > DSPS:
        raise UserError(f"The array of a bring-up must have at most {DSPS} MACs, not {config.macs}")
    platform = VC709Platform()
    model = golden.BringUp(config, Array.latency_of(config), ROUNDS)
    core = BringUp(
        config=config,
        words=model.words,
        rounds=ROUNDS,
        expected=model.signature,
        clock_hz=int(platform.default_clk_frequency),
        baud=BAUD,
    )
    verilog = emit(core, CORE, progress)
    platform.add_file(f"{CORE}.v", verilog)
    board = BringUpBoard(module=CORE, ports=[port.name for port in module_ports(verilog, CORE)])
    plan = platform.build(board, name="bringup", do_build=False, emit_src=False, script_before_bitstream=_TIMING)
    texts = {name: _text(plan.files[name]) for name in _FILES}
    facts = {
        "clock": {"port": "clk_0__p", "period_ns": 1e9 / platform.default_clk_frequency},
        "reset": {"port": "rst_0__io", "active": "high", "synchronous": False},
        "ports": _ports(texts["bringup.v"]),
        "latency": core.latency,
        "signature": f"{model.signature:08X}",
    }
    return texts, facts


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()


def _ports(verilog: str) -> list[dict]:
    """Ports of the top module."""
    ports = module_ports(tidy(verilog), "bringup")
    return [{"name": p.name, "direction": p.direction, "width": p.width, "signed": False} for p in ports]
