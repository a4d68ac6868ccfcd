"""Mutants of a design: one Verilog text with all of them, selected by an input."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import yosys
from .designs import Design

__all__ = ["Mutant", "make_mutants"]

#: Input that selects the mutant: 0 is the original.
SELECT, SELECT_WIDTH = "mutsel", 10


@dataclass(frozen=True)
class Mutant:
    """One mutation of a design.

    number : value of the input that selects it.
    command : Yosys command that makes it, in the flat design; the stable name of the mutant.
    """

    design: str
    number: int
    command: str

    def option(self, name: str) -> str:
        """Argument of an option of the command."""
        return re.findall(rf" -{name} (\S+)", self.command)[0]


def make_mutants(design: Design, folder: Path, seed: int, count: int | None = None) -> tuple[str, list[Mutant]]:
    """Return the Verilog of a design with all mutants, and the mutants.

    The module that is mutated is flattened, freed of constants and of names beside a net's first, in a unit also of
    bits that nobody reads, and left in `folder` as `original.il`; what a mutation hits is spread evenly by Yosys.

    Parameters
    ----------
    design : Design
    folder : Path
        Where the files of the design go.
    seed : int
        Seed of the selection.
    count : int, optional
        Number of mutants, instead of the design's.
    """
    (folder / "design.v").write_text(design.verilog())
    count, unit = design.mutants if count is None else count, design.mutated
    flat = ["flatten", "memory_collect", *([] if design.memories else ["memory_map"]), "pmuxtree", "opt_expr"]
    cells, route = f"{unit}/c:* {unit}/t:$mem* %d", []
    cells += "".join(f" {unit}/c:*{instance}.* %d" for instance in design.without)
    if unit != design.top:
        instance = design.instance or unit
        add, connect = f"add -input {SELECT} {SELECT_WIDTH}", f"connect -port {instance} {SELECT} {SELECT}"
        route = [f"cd {design.top}", add, connect, "cd"]
        flat += ["splitcells", "opt_clean -purge", "opt_expr"]  # Whole records wander through a unit.
    yosys.run(
        folder,
        "mutants",
        [
            "read_verilog design.v",
            f"hierarchy -top {design.top}",
            "proc",
            f"select {unit}",
            *flat,
            "opt_clean -purge",
            "write_rtlil -selected original.il",
            f"mutate -list {count} -seed {seed} -ctrl {SELECT} {SELECT_WIDTH} 1 -o list.ys {cells}",
            "select -clear",
            "script list.ys",
            f"setattr -set init 1'0 {unit}/t:$*dff* %x:+[Q] {unit}/w:$auto$mutate* %i",  # lost with the register's wire
            *route,
            "opt_clean -purge",
            "write_verilog -noattr mutants.v",
        ],
    )
    mutants = []
    for line in (folder / "list.ys").read_text().splitlines():
        number = int(re.findall(rf" -ctrl {SELECT} {SELECT_WIDTH} (\d+)", line)[0])
        mutants.append(Mutant(design.name, number, re.sub(r" -(ctrl \S+ \S+|src) \S+", "", line.strip())))
    if len({mutant.command for mutant in mutants}) != len(mutants):
        raise ValueError(f"Mutants of {design.name} must be distinct: ask for fewer than {count}")
    return (folder / "mutants.v").read_text(), mutants
