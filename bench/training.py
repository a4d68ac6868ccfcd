"""`python -m bench.training`: how well golden integers train beside float32, over several seeds.

Both engines start from the same weights and see the same images in the same order at the same learning rate. The
table is in Markdown: mean test accuracy in percent over the seeds, and its standard error.
"""

import argparse
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor

from sim.training.data import load
from sim.training.run import Run, Settings

#: (network, batch, epochs).
STUDY = (
    ("resnet8", 32, 10), ("vgg6", 32, 10), ("resnet8", 8, 6), ("vgg6", 8, 6), ("resnet8", 1, 4), ("vgg6", 1, 4),
)  # fmt: skip
#: Engine and storage.
ENGINES = (("float", "int16"), ("golden", "int16"), ("golden", "pint8"))


def accuracy(settings: Settings) -> float:
    """Test accuracy in percent after the last epoch."""
    run = Run(settings, load(settings.data))
    while not run.done:
        run.train_epoch()
    found = 100 * run.epochs[-1].test_accuracy
    place = f"{settings.net} {settings.engine} {settings.storage}, batch {settings.batch}, seed {settings.seed}"
    print(f"{place}: {found:.2f}", file=sys.stderr)
    return found


def row(net: str, batch: int, epochs: int, results: list[list[float]]) -> str:
    """One line of the table from the accuracies of each engine."""
    cells = [net, batch, epochs, len(results[0])]
    for each in results:
        error = statistics.stdev(each) / len(each) ** 0.5 if len(each) > 1 else 0.0
        cells.append(f"{statistics.mean(each):.2f} ± {error:.2f}")
    cells.append(f"{statistics.mean(results[1]) - statistics.mean(results[0]):+.2f}")
    return "| " + " | ".join(map(str, cells)) + " |"


def main(arguments=None) -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(prog="bench.training", description=__doc__)
    parser.add_argument("--data", default="digits", help="as for gradgate train")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to N")
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 8, 1], help="batch sizes")
    parser.add_argument("--epochs", type=int, help="instead of 10, 6 and 4 for batch 32, 8 and 1")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    chosen = parser.parse_args(arguments)
    print("| network | batch | epochs | seeds | float32 | integers | W and V in PINT8 | integers - float32 |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for net, batch, epochs in STUDY:
            if batch not in chosen.batch:
                continue
            epochs = chosen.epochs or epochs
            rate = Settings.default_rate(batch)
            settings = [
                Settings(net, chosen.data, engine, batch, epochs, rate, seed, storage=storage)
                for engine, storage in ENGINES
                for seed in range(1, chosen.seeds + 1)
            ]
            found = list(pool.map(accuracy, settings))
            results = [found[n * chosen.seeds : (n + 1) * chosen.seeds] for n in range(len(ENGINES))]
            print(row(net, batch, epochs, results), flush=True)


if __name__ == "__main__":
    main()
