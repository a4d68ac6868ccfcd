"""`make mutation`: the share of mutants of the generated Verilog that the benches kill."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from gen.progress import Progress

from .designs import DESIGNS
from .runs import Verdict, reasons, run_design

#: Least share of the mutants, equivalent ones left out, that must be killed.
LEAST = 0.95
FOLDER = Path("build") / "mutation"


def share(verdicts: list[Verdict]) -> float:
    """Return killed / (mutants - equivalent)."""
    states = [verdict.state for verdict in verdicts if verdict.state != "equivalent"]
    return states.count("killed") / len(states) if states else 1.0


def table(results: dict[str, list[Verdict]]) -> str:
    """Return the counts of each design and of all, as text."""
    columns = ("killed", "equivalent", "survived")
    lines = [f"{'design':18}{'mutants':>8}{'killed':>8}{'equivalent':>12}{'survived':>10}{'share killed':>14}"]
    everything = [verdict for verdicts in results.values() for verdict in verdicts]
    for name, verdicts in [*results.items(), ("total", everything)]:
        states = [verdict.state for verdict in verdicts]
        killed, equal, survived = (states.count(state) for state in columns)
        lines.append(f"{name:18}{len(states):8}{killed:8}{equal:12}{survived:10}{share(verdicts):14.1%}")
    return "\n".join(lines)


def main() -> int:
    """Run the command line; 0 if the share killed is at least 95 %."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__, allow_abbrev=False)
    parser.add_argument("designs", nargs="*", default=list(DESIGNS), metavar="DESIGN", help=f"of {', '.join(DESIGNS)}")
    parser.add_argument("--seed", type=int, default=1, help="of the selection of mutants (default 1)")
    parser.add_argument("--count", type=int, help="mutants of each design, instead of its own number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="benches at a time (default: the cores)")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.designs if name not in DESIGNS]:
        parser.error(f"design must be one of {', '.join(DESIGNS)}, not {unknown[0]!r}")

    print(f"seed {arguments.seed}", flush=True)
    results: dict[str, list[Verdict]] = {}
    with Progress() as progress:
        for name in arguments.designs:
            results[name] = run_design(
                DESIGNS[name],
                FOLDER / name,
                seed=arguments.seed,
                jobs=arguments.jobs,
                show=progress.show,
                count=arguments.count,
            )
    everything = [verdict for verdicts in results.values() for verdict in verdicts]
    report = {"seed": arguments.seed, "share_killed": share(everything), "mutants": [asdict(v) for v in everything]}
    (FOLDER / "mutation.json").write_text(json.dumps(report, indent=2) + "\n")

    print(table(results))
    for state in ("equivalent", "survived"):
        for verdict in everything:
            if verdict.state == state:
                print(f"{state} {verdict.design} {verdict.number}: {verdict.command}\n    {verdict.how}")
    made = {(verdict.design, verdict.command) for verdict in everything}
    for design, command in reasons():
        if design in results and arguments.count is None and (design, command) not in made:
            print(f"stale reason, no such mutant: {design}: {command}")
    print(f"{FOLDER / 'mutation.json'} has all of them")
    return 0 if share(everything) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
