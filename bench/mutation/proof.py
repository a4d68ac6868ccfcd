"""Proof that a mutant equals the original, with the SAT solver of Yosys."""

import subprocess
import time
from pathlib import Path

from gen.verilog.tidy import module_ports

from . import yosys
from .designs import Design
from .mutants import Mutant

__all__ = ["equivalent"]

#: Steps that an induction may look back.
_STEPS = 30
_PROVED = "Induction step proven: SUCCESS!"
_BASE_CASE_FAILED = "model found for base case: FAIL!"


def equivalent(design: Design, mutant: Mutant, folder: Path, limit: float = 60.0) -> tuple[bool, str]:
    """Return whether the mutant is proved equivalent, and how or why not.

    What is proved: from the initial state, for all inputs of the mutated module in all cycles, all its outputs are the
    same. The registers that the mutation cannot reach are the same by construction, and given to the mutant from the
    original. The proof is by induction, first of the equality of all other registers and outputs, then of the outputs
    alone.

    Parameters
    ----------
    design : Design
    mutant : Mutant
    folder : Path
        Where :func:`make_mutants` left `original.il`.
    limit : float
        Seconds for all.
    """
    if mutant.option("port") == "CLK":
        return False, "Yosys's SAT has one clock"  # and would take a broken clock for the right one
    end, stem = time.monotonic() + limit, f"proof-{mutant.number}"
    outputs = [
        port.name
        for port in module_ports((folder / "design.v").read_text(), design.mutated)
        if port.direction == "output"
    ]
    try:
        shared, reached = _registers(design, mutant, folder, stem, limit)
        miter = _miter(design, mutant, shared, reached)
        goals = [("registers and outputs", ["-prove trigger 0"], 2)] if reached else []
        goals.append(("outputs", [f"-prove cmp_{name} 1" for name in outputs], _STEPS))
        for what, properties, steps in goals:
            solve = f"sat -tempinduct -maxsteps {steps} {' '.join(properties)} miter"
            text = yosys.run(folder, stem, [*miter, solve], end - time.monotonic())
            if _PROVED in text:
                return True, f"induction over {what}"
        return False, "counterexample found" if _BASE_CASE_FAILED in text else f"no proof in {_STEPS} steps"
    except subprocess.TimeoutExpired:
        return False, f"no proof in {limit:g} s"


def _pair(design: Design, mutant: Mutant) -> list[str]:
    """Commands that make the modules `gold` and `gate`."""
    mutate = mutant.command.replace(f" -module {design.mutated} ", " -module gate ")
    return ["read_rtlil original.il", "memory_map", f"rename {design.mutated} gold", "copy gold gate", mutate]


def _registers(design, mutant, folder, stem, limit) -> tuple[list[str], list[str]]:
    """Names of the registers that the mutation does not reach, and of those that it does, ports left out."""
    commands = [
        *_pair(design, mutant),
        "select -set registers gold/t:$*dff* %x:+[Q] gold/w:* %i gold/i:* gold/o:* %u %d",
        # In the original, for a mutation may cut its cell off.
        f"select -set reached gold/c:{yosys.escaped(mutant.option('cell'))} %co*",
        f"select -write {stem}.registers @registers",
        f"select -write {stem}.reached @reached",
    ]
    yosys.run(folder, stem, commands, limit)
    registers, reached = (
        {line.split("/", 1)[1] for line in (folder / f"{stem}.{what}").read_text().splitlines()}
        for what in ("registers", "reached")
    )
    return sorted(registers - reached), sorted(registers & reached)


def _miter(design, mutant, shared, reached) -> list[str]:
    """Commands that make the miter of original and mutant."""
    names = {name: yosys.escaped(name) for name in (*shared, *reached)}
    return [
        *_pair(design, mutant),
        *(f"expose gold/w:{names[name]}" for name in (*shared, *reached)),
        *(f"expose gate/w:{names[name]}" for name in reached),
        *(f"expose -input gate/w:{names[name]}" for name in shared),
        "miter -equiv -flatten -cross -make_outcmp gold gate miter",
        "select miter",
        "opt_merge",
        "opt_expr",
        "opt_clean",
        "select -clear",
    ]
