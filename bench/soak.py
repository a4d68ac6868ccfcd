"""Thousands of random layers on the generated C-Core: `python -m bench.soak --count 1000 [--seed S] [--size 2x3x3x4]`.

Each run has its own printed seed; the first difference from golden or from direct convolution ends the soak with exit 1
and the options that show it again. Before the layers come descriptors with mistakes, of which none may hang, lose a
status or leave a trace.
"""

import argparse
import secrets
import sys

import numpy as np

from gen.progress import Progress
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.ccore.config import CCoreConfig
from sim.engine.ccore import run
from sim.rtl.runner import SimulationError
from sim.workloads.ccore import expected, garbage, random_jobs

#: Layers of one run of the simulator.
LAYERS = 40
#: Descriptors with mistakes before them.
GARBAGE = 200


def size_of(text: str) -> ArrayConfig:
    """Sizes of an array, such as 2x3x3x4."""
    try:
        clusters, wpus, rows, channels = map(int, text.split("x"))
        return ArrayConfig(clusters, wpus, rows, channels, mac=MacForm.SHIFT)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"Array size must be like 2x3x3x4, not {text!r} ({error})") from None


def soak(array: ArrayConfig, seed: int, count: int):
    """Run `count` layers; raise SimulationError if any differs."""
    config = CCoreConfig(array, input_depth=1024, weight_depth=2048, psum_depth=256, images=64)
    rng = np.random.default_rng(seed)
    jobs = random_jobs(config, rng, count, channels=3 * array.channels + 2, size=12)
    idle, stall = rng.choice([0.0, 0.1, 0.4], 2)
    wrong = [garbage(config, rng, GARBAGE)]
    ran = run(jobs, config, seed=seed, idle=float(idle), stall=float(stall), garbage=wrong)
    for job, result in zip(jobs, ran.results, strict=True):
        if result is None or not np.array_equal(result, expected(job)):
            raise SimulationError(f"{job.command.layer}, {job.command.phase} differs from direct convolution")


def main() -> int:
    """Run the soak and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Random layers on the generated C-Core.")
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="layers (default: 1000)")
    parser.add_argument("--seed", type=int, default=None, metavar="S", help="of the first run (default: a random one)")
    parser.add_argument("--size", type=size_of, default=size_of("2x3x3x4"), metavar="MxWxRxC", help="array")
    arguments = parser.parse_args()
    if arguments.count < 1:
        parser.error(f"--count must be at least 1, not {arguments.count}")
    first = secrets.randbelow(1 << 31) if arguments.seed is None else arguments.seed
    done = 0
    with Progress() as progress:
        for seed in range(first, first + -(-arguments.count // LAYERS)):
            count = min(LAYERS, arguments.count - done)
            print(f"seed {seed}", file=sys.stderr)
            try:
                soak(arguments.size, seed, count)
            except SimulationError as error:
                print(f"{error}\n--seed {seed} --count {count} --size {arguments.size} shows it", file=sys.stderr)
                return 1
            done += count
            progress.show(f"{done} of {arguments.count} layers")
    print(f"{done} layers on {arguments.size}, all bit-exact, seeds from {first}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
