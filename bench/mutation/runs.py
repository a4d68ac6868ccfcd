"""Runs the benches on the mutants and judges each."""

import contextlib
import io
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from sim.rtl import runner

from .designs import Design
from .mutants import Mutant, make_mutants
from .proof import equivalent

__all__ = ["EQUIVALENTS", "Verdict", "reasons", "run_design"]

#: Reasons why mutants that no bench can kill and no proof covers are equivalent.
EQUIVALENTS = Path(__file__).parents[1] / "equivalents.toml"

#: A mutant has this many times the original's time, and at least this many seconds.
_PATIENCE, _LEAST_SECONDS = 10, 20


@dataclass(frozen=True)
class Verdict:
    """The verdict on a mutant: `state` is killed, equivalent or survived; `how` says why."""

    design: str
    number: int
    command: str
    state: str
    how: str


def reasons(file: Path = EQUIVALENTS) -> dict[tuple[str, str], str]:
    """Return the listed reasons by (design, command)."""
    entries = tomllib.loads(file.read_text())["mutant"]
    return {(entry["design"], entry["command"]): entry["reason"] for entry in entries}


def _simulate(design: Design, verilog: str, number: int, timeout: float | None) -> str | None:
    """Run the bench with a mutant selected; return how it failed, None if it passed.

    Whatever is not a verdict of the bench, such as a build that fails, is raised.
    """
    try:
        runner.simulate(
            top=design.top,
            verilog=verilog,
            bench=f"sim.testbench.mutant,{design.bench}",
            parameters={"mutant": number, **design.parameters},
            settings=design.settings,
            simulator="verilator",
            seed=design.seed,
            timeout=timeout,
        )
    except runner.SimulationError as error:
        message = str(error)
        if " failed " in message and "selects_mutant" not in message:
            first, *_ = message.rpartition(" failed ")[2].split(", ")  # The others did not run.
            return f"bench: failed {first}"
        if timeout is not None and "took longer" in message:
            return f"bench: no end in {timeout:.0f} s"
        raise
    return None


def run_design(
    design: Design, folder: Path, *, seed: int, jobs: int, show: Callable[[str], None], count: int | None = None
) -> list[Verdict]:
    """Run the bench on each mutant of a design, try to prove those that pass equivalent, and return all verdicts.

    Raises
    ------
    sim.rtl.runner.SimulationError
        If the original, with no mutant selected, does not build or pass.
    """
    folder.mkdir(parents=True, exist_ok=True)
    design = design.prepared(folder)
    verilog, mutants = make_mutants(design, folder, seed, count)
    show(f"{design.name}: building {len(mutants)} mutants")
    listed, output = reasons(), io.StringIO()

    def judge(mutant: Mutant) -> Verdict:
        state, how = "killed", _simulate(design, verilog, mutant.number, timeout)
        if how is None:
            proved, how = equivalent(design, mutant, folder)
            reason = listed.get((design.name, mutant.command))
            if not proved and reason:
                proved, how = True, f"reason: {reason}"
            state = "equivalent" if proved else "survived"
        return Verdict(**asdict(mutant), state=state, how=how)

    verdicts = []
    with contextlib.redirect_stdout(output), ThreadPoolExecutor(jobs) as pool:
        # Built once; the original must pass.
        runner.build(top=design.top, verilog=verilog, simulator="verilator")
        start = time.monotonic()
        if failure := _simulate(design, verilog, 0, None):
            raise runner.SimulationError(f"The original of {design.name} must pass its bench, but {failure}")
        timeout = max(_LEAST_SECONDS, _PATIENCE * (time.monotonic() - start))
        start = time.monotonic()
        waiting = [pool.submit(judge, mutant) for mutant in mutants]
        try:
            for done in as_completed(waiting):
                verdicts.append(done.result())
                left = (time.monotonic() - start) / len(verdicts) * (len(mutants) - len(verdicts))
                show(f"{design.name}: mutant {len(verdicts)}/{len(mutants)}, {left:.0f} s left")
        finally:
            pool.shutdown(cancel_futures=True)
            (folder / "benches.log").write_text(output.getvalue())
    return sorted(verdicts, key=lambda verdict: verdict.number)
