"""`make demo`: a small CNN on real digits, every phase of every layer on the generated C-Core, bit for bit.

A residual network (:mod:`sim.training.cnn`) is trained in float on the digits of scikit-learn. Its tensors for real
test images, the errors of the softmax cross-entropy included, are quantised to PINT(8,3); FP, BP and WG of all CONV
and FC layers run on the simulated Verilog as descriptors, out of the buffers, and every result must equal direct
convolution of the decoded integers. Phases that the buffers do not hold twice are tiled; tiles are written while
others are read. BP reads the weights that FP read. BP of the first layer, which training does not need, is run and
counted too. The default width and batch are multiples of the full array's blocks (24 channels, 3 rows), but for the
one channel of the images and the ten classes.

Per layer and phase the table gives

- descr.: descriptors; kept: those whose weights, or errors, lay in the buffer already,
- cycles: measured on the Verilog, from the end of the last pass of the phase before to that of its own,
- passes: what the passes take by :meth:`gen.compiler.ccore.command.Command.cycles`; the rest of the cycles the array
waits:
- loads: for a descriptor or its operands, written one word, and one granule of weights or errors, a cycle,
- drains: for the partial sums of a pass to leave before the next writes to their half,
- MACs: products of the phase, those with a pixel of the padding included, inserted or skipped zeros not,
- use: MACs / (cycles * MACs of the array),
- error: distance of the quantised result from the phase in float on the unquantised tensors, relative to its norm.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gen.commands.options.array import add_array, add_buffers, ccore_of
from gen.compiler.ccore.pattern import pattern_of
from gen.errors import UserError
from gen.model.layer import Phase
from gen.progress import Progress
from hw.arch.ccore.config import CCoreConfig
from hw.arch.checks import ConfigError
from hw.arch.pint import PintFormat
from sim.engine.tasks import Outcome, Task, run
from sim.golden.pint import quantise
from sim.rtl.runner import SimulationError
from sim.training.cnn import Cnn, floats, train
from sim.training.data.digits import Digits, load

from .chart import draw

__all__ = ["describe", "main", "real_tasks"]

#: Tensors that a phase reads.
OPERANDS = {Phase.FP: ("x", "w"), Phase.BP: ("e", "w"), Phase.WG: ("x", "e")}

#: Figures of a row that add up, with their headings.
FIGURES = {
    "descriptors": "descr.",
    "weights_kept": "kept",
    "cycles": "cycles",
    "formula_cycles": "passes",
    "operand_cycles": "loads",
    "drain_cycles": "drains",
    "macs": "MACs",
}
WIDTHS = (7, 6, 9, 9, 8, 8, 13)


def real_tasks(cnn: Cnn, digits: Digits, pint: PintFormat) -> dict[tuple[str, Phase], tuple]:
    """Every phase of every layer for the digits: (task, real value of a unit of its result, the phase in float)."""
    tasks = {}
    _, tensors = cnn.tensors(digits)
    for name, layer in cnn.layers(len(digits)).items():
        quantised = {key: quantise(values, pint.k, pint.d) for key, values in tensors[name].items()}
        for phase in Phase:
            codes = {key: quantised[key][0] for key in OPERANDS[phase]}
            unit = 2.0 ** sum(quantised[key][1] for key in OPERANDS[phase])
            real = floats(layer, phase, **{key: tensors[name][key] for key in OPERANDS[phase]})
            tasks[name, phase] = Task(layer, phase, codes), unit, real
    return tasks


def describe(name: str, task: Task, outcome: Outcome, unit: float, real: np.ndarray, config: CCoreConfig) -> dict:
    """A row of the table, as the JSON has it."""
    return {
        "layer": name,
        "shape": str(task.layer),
        "phase": str(task.phase),
        "pattern": pattern_of(task.layer, task.phase, config).code.name,
        "descriptors": outcome.descriptors,
        "inputs_kept": outcome.inputs_kept,
        "weights_kept": outcome.weights_kept,
        "cycles": outcome.cycles,
        "formula_cycles": outcome.formula,
        "operand_cycles": outcome.operands,
        "drain_cycles": outcome.sums,
        "macs": task.layer.macs,
        "utilisation": task.layer.macs / (outcome.cycles * config.array.macs),
        "float_error": float(np.linalg.norm(outcome.result * unit - real) / (np.linalg.norm(real) or 1)),
        "bit_exact": outcome.exact,
    }


def _total(rows: list[dict], config: CCoreConfig) -> dict:
    total = {key: sum(row[key] for row in rows) for key in ("inputs_kept", *FIGURES)}
    exact = all(row["bit_exact"] for row in rows)
    return {**total, "utilisation": total["macs"] / (total["cycles"] * config.array.macs), "bit_exact": exact}


def _table(rows: list[dict], total: dict) -> str:
    def line(first, row):
        figures = "".join(f"{row[key]:>{width},}" for key, width in zip(FIGURES, WIDTHS, strict=True))
        error = f"{row['float_error']:9.2%}" if "float_error" in row else " " * 9
        check = "bit-exact" if row["bit_exact"] else "DIFFERS"
        return f"{first:16}{figures}{row['utilisation']:>9.1%}{error}  {check}"

    headings = "".join(f"{text:>{width}}" for text, width in zip(FIGURES.values(), WIDTHS, strict=True))
    lines = [f"{'phase':7}{'pattern':9}{headings}{'use':>9}{'error':>9}"]
    for n, row in enumerate(rows):
        if n == 0 or rows[n - 1]["layer"] != row["layer"]:
            lines.append(f"{row['layer']}: {row['shape']}")
        lines.append(line(f"  {row['phase']:5}{row['pattern']}", row))
    return "\n".join([*lines, line("total", total)])


class _Clock:
    """Says how far training and simulation are."""

    def __init__(self, progress: Progress):
        self._progress, self._start = progress, None

    def train(self, step: int, steps: int):
        self._progress.show(f"training, step {step} of {steps}")

    def simulate(self, cycle: int | None, cycles: int):
        if cycle is None:
            self._progress.show("building the simulator: some minutes for the full array, the next time none")
            return
        now = time.monotonic()
        self._start = self._start or (now, cycle)
        speed = (cycle - self._start[1]) / max(now - self._start[0], 1e-9)
        left = f", {(cycles - cycle) / speed:.0f} s left" if speed and cycle < cycles else ""
        self._progress.show(f"simulating, cycle {cycle:,} of about {cycles:,}{left}")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def error(self, message):
        """Report a mistake in the arguments."""
        self.exit(2, f"demo: {message}\n")


def _parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, CCoreConfig]:
    parser = _Parser(prog="demo", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    add_array(parser)
    add_buffers(parser)
    parser.add_argument("--batch", type=int, default=48, metavar="N", help="test images; 1 to 359, default 48")
    parser.add_argument("--width", type=int, default=24, metavar="N", help="outputs of conv1; 1 to 64, default 24")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of training and simulation, default 1")
    parser.add_argument("--out", type=Path, default=Path("build/demo"), metavar="DIR", help="default build/demo")
    try:
        parsed = parser.parse_args(arguments)
        config = ccore_of(parsed)
    except (UserError, ConfigError) as error:
        parser.error(str(error))
    for name, low, high in (("batch", 1, 359), ("width", 1, 64), ("seed", 0, 2**31 - 1)):
        if not low <= getattr(parsed, name) <= high:
            parser.error(f"--{name} must be {low} to {high}, not {getattr(parsed, name)}")
    try:
        parsed.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out must be a folder that can be written, but {parsed.out} is not ({error.strerror})")
    if not os.access(parsed.out, os.W_OK):
        parser.error(f"--out must be a folder that can be written, but {parsed.out} is not")
    return parsed, config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit code: 0, 1 where a bit differs, 2 for a mistake of the user."""
    parsed, config = _parse(arguments)
    start = time.monotonic()
    training, test = load()
    with Progress() as progress:
        cnn = train(parsed.width, training, seed=parsed.seed, progress=_Clock(progress).train)
    accuracy, seconds = cnn.accuracy(test), time.monotonic() - start
    right = f"{accuracy:.2%} of the {len(test)} test digits classified correctly"
    print(f"Trained on {len(training)} digits in {seconds:.1f} s: {right}")
    array = config.array
    print(f"C-Core {config}: {array.macs} MACs ({array.mac}), {parsed.batch} test digits, seed {parsed.seed}")
    work = real_tasks(cnn, test[: parsed.batch], array.pint)
    try:
        with Progress() as progress:
            progress.show("laying out the layers")
            outcomes = run([task for task, _, _ in work.values()], config, parsed.seed, _Clock(progress).simulate)
    except SimulationError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except ConfigError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    rows = [
        describe(name, task, outcome, unit, real, config)
        for ((name, _), (task, unit, real)), outcome in zip(work.items(), outcomes, strict=True)
    ]
    total = _total(rows, config)
    print(_table(rows, total))
    seconds = time.monotonic() - start
    report = {
        "ccore": str(config),
        "mac": str(array.mac),
        "macs_per_cycle": array.macs,
        "batch": parsed.batch,
        "width": parsed.width,
        "seed": parsed.seed,
        "accuracy": accuracy,
        "seconds": round(seconds, 1),
        "phases": rows,
        "total": total,
    }
    (parsed.out / "demo.json").write_text(json.dumps(report, indent=2) + "\n")
    title = f"C-Core {array}, {array.macs:,} MACs: small CNN on digits, batch {parsed.batch}"
    draw(rows, total, title, parsed.out / "utilisation.png")
    print(f"Wrote demo.json and utilisation.png to {parsed.out}; {seconds:.0f} s in all")
    return 0 if total["bit_exact"] else 1


if __name__ == "__main__":
    sys.exit(main())
