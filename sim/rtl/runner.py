"""Build generated Verilog and run a cocotb bench on it.

The build is cached by the hash of its inputs, and several pytest workers share the cache; each run of a
bench has its own folder and a time limit.

Environment: `SIM` (verilator, icarus), `WAVES=1`, `COCOTB_RANDOM_SEED`, `SIM_TIMEOUT` in seconds.
"""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from filelock import FileLock

from hw.arch.checks import ConfigError

from . import simulators
from .parameters import as_environment
from .simulators import (
    SIMULATORS,
    SimulationError,
    choose_simulator,
    lint,
    missing_tools,
    show,
    simulator_available,
)

__all__ = ["simulate", "build", "lint", "require_simulator", "simulator_available", "SimulationError"]

ROOT = Path(__file__).resolve().parents[2]
#: In a source checkout all stays in it; installed, the packages may not be writable.
CHECKOUT = (ROOT / "pyproject.toml").is_file()


def _cache() -> Path:
    """Return the folder of the builds."""
    if CHECKOUT:
        return ROOT / ".cache" / "sim"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gradgate" / "sim"


CACHE = _cache()

#: Distributions whose version decides what a build is.
_TOOLS = ("cocotb", "cocotb-test", "verilator")


def _timeout(timeout: float | None) -> float:
    return timeout if timeout is not None else float(os.environ.get("SIM_TIMEOUT", "900"))


# The build and its cache


def require_simulator(simulator: str | None = None) -> None:
    """Check that builds can work here, before what is to be built is made.

    Raises
    ------
    SimulationError
        If the simulator, make or the compiler is not installed.
    ConfigError
        If the simulator is unknown, or the path of the repository or of the cache holds a space.
    """
    name = choose_simulator(simulator)
    for what, path in (("repository", ROOT), ("cache", CACHE)):
        if re.search(r"\s", str(path)):
            raise ConfigError(f"The simulators need a {what} path without spaces, not {str(path)!r}")
    if not simulator_available(name):
        raise SimulationError(f"Simulator {name} is not installed on this machine")
    if missing := missing_tools(name):
        raise SimulationError(
            f"Simulator {name} needs {' and '.join(missing)}, which this machine does not have on its PATH"
        )


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
    name, waves = choose_simulator(simulator), bool(int(os.environ.get("WAVES") or 0))
    require_simulator(name)
    hier_blocks = sorted(hier_blocks) if name == "verilator" else []

    digest = hashlib.sha256(Path(simulators.__file__).read_bytes())  # The flags are in that file.
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
        toplevel=top,
        module="",
        sim_build=str(folder),
        work_dir=str(folder),
        verilog_sources=sources,
        compile_args=arguments,
        compile_only=True,
    )
    commands, log = steps.build_steps(waves), folder / "build.log"
    if name == "verilator":
        _verilate(steps, commands, log, f"{bool(hier_blocks)}-{waves}", timeout)
    else:
        steps.execute_all(commands, log, timeout)
    return folder / steps.product()


def _verilate(steps, commands, log: Path, kind: str, timeout: float):
    """Run Verilator and make; the runtime's objects and headers, most of a small build, are kept for the next."""
    translate, compile_ = commands
    steps.execute_all([translate], log, timeout)
    folder, flags = log.parent, " ".join((*steps.OPTIMISATION, *steps.FLAGS, version("verilator"), kind))
    runtime = CACHE / f"runtime-{hashlib.sha256(flags.encode()).hexdigest()[:24]}"
    runtime.mkdir(exist_ok=True)
    kept = {file.name for file in runtime.glob("*.o")}
    for file in kept:  # A copy is newer than the makefile, so make takes it as built.
        shutil.copyfile(runtime / file, folder / file)
    if kept >= steps.runtime():
        compile_ = steps.with_header(compile_, _header(steps, runtime, log, timeout))
    steps.execute_all([compile_], log, timeout)
    for file in folder.glob("verilated*.o"):
        if file.name not in kept:
            file.rename(runtime / file.name)


def _header(steps, runtime: Path, log: Path, timeout: float) -> Path:
    """Return the header in `runtime` that every build includes, precompiled before by whoever comes first."""
    header = runtime / "all.h"
    with FileLock(f"{runtime}.lock"):
        if not Path(f"{header}.gch").is_file():
            own = log.parent / header.name
            steps.execute_all([steps.precompile(own)], log, timeout)
            for name in (header.name, f"{header.name}.gch"):  # The precompiled one last: then both are there.
                (log.parent / name).replace(runtime / name)
    return header


# The run


def simulate(
    *,
    top: str,
    verilog: str,
    bench: str,
    models: Sequence[Path] = (),
    testcase: str | None = None,
    parameters: Mapping[str, Any] = {},
    settings: Mapping[str, str] = {},
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
        Python module with the cocotb tests, such as `sim.testbench.arith.convert`.
    models : sequence of Path
        More source files, for simulation only.
    testcase : str, optional
        Name of the one test to run, all its parameters included; without it all tests run.
    parameters : mapping
        Parameters of the bench (:mod:`sim.rtl.parameters`), as JSON has them.
    settings : mapping
        Variables of cocotb itself, such as `COCOTB_MAX_FAILURES`.
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
    ConfigError
        If the simulator is unknown or the path of the repository holds a space.
    """
    name = choose_simulator(simulator)
    if seed is None:
        seed = int(os.environ.get("COCOTB_RANDOM_SEED") or 1)
    built = build(top=top, verilog=verilog, models=models, hier_blocks=hier_blocks, simulator=name, timeout=timeout)
    print(f"{name} {top} {bench} {testcase or 'all tests'} seed {seed}")

    folder = Path(tempfile.mkdtemp(dir=CACHE, prefix="run-"))
    results, log, waves = folder / "results.xml", folder / "run.log", None
    if int(os.environ.get("WAVES") or 0):
        waves = (ROOT if CHECKOUT else Path.cwd()) / "build" / "waves" / f"{top}-{testcase or 'all'}.vcd"
        waves.parent.mkdir(parents=True, exist_ok=True)
        print(f"Waveform: {waves}")
    environment = {"COCOTB_RESULTS_FILE": str(results), "COCOTB_RANDOM_SEED": str(seed)}
    environment |= {**as_environment(parameters), **settings}
    if testcase is not None:
        environment["COCOTB_TEST_FILTER"] = rf"\.{re.escape(testcase)}(/|$)"
    steps = SIMULATORS[name](
        toplevel=top,
        module=bench,
        sim_build=str(built),
        work_dir=str(folder),
        python_search=[str(ROOT)],
        settings=environment,
    )
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
        show(log)
        raise SimulationError(f"{what}: {'failed ' + ', '.join(map(str, failed)) if failed else 'no test ran'}")
