"""`python -m bench.training`: how well golden integers train beside float32, over several seeds.

Both engines start from the same weights and see the same images in the same order at the same learning rate. The
table is in Markdown: mean test accuracy in percent over the seeds, and its standard error; at its end the mean
difference of the integers from float32, seed by seed.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from sim.golden.step.update import WEIGHT_EXPONENT
from sim.training.data.catalogue import load
from sim.training.run import Run
from sim.training.settings import Settings

#: Epochs by batch size, where no number is given.
EPOCHS = {32: 10, 8: 6, 1: 6}
#: Column of the table -> engine and storage.
ENGINES = {"float32": ("float", "int16"), "integers": ("golden", "int16"), "W and V in PINT8": ("golden", "pint8")}


def accuracy(settings: Settings) -> float:
    """Test accuracy in percent after the last epoch."""
    run = Run(settings, load(settings.data))
    while not run.done:
        run.train_epoch()
    found = [100 * each.test_accuracy for each in run.epochs]
    place = f"{settings.net} {settings.engine} {settings.storage}, batch {settings.batch}, seed {settings.seed}"
    print(f"{place}: {' '.join(f'{each:.2f}' for each in found)}", file=sys.stderr)
    return found[-1]


def mean(values: Sequence[float], sign: str = "") -> str:
    """Mean and standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{statistics.mean(values):{sign}.2f} ± {error:.2f}"


def line(cells) -> str:
    """One line of the table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def main(arguments=None) -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(prog="bench.training", description=__doc__)
    add = parser.add_argument
    add("--data", default="digits", help="as for gradgate train")
    add("--nets", nargs="+", default=["resnet8", "vgg6"], help="networks")
    add("--batch", type=int, nargs="+", default=[32], help="batch sizes")
    add("--seeds", type=int, nargs="+", default=[1, 2, 3])
    add("--epochs", type=int, help="instead of 10 for batch 32, else 6")
    add("--lr", type=float, help="instead of the default of gradgate train")
    add("--decay", type=float, default=0.0, help="weight decay")
    add("--weight-exponent", type=int, default=WEIGHT_EXPONENT, help="as for gradgate train")
    add("--pint8", action="store_true", help="also with W and V in PINT8")
    add("--jobs", type=int, default=1, help="runs at a time")
    chosen = parser.parse_args(arguments)
    engines = list(ENGINES)[: 3 if chosen.pint8 else 2]
    header = ["network", "batch", "epochs", "rate", "seeds", *engines, "integers - float32"]
    print(line(header), line("---" for _ in header), sep="\n", flush=True)
    with ProcessPoolExecutor(chosen.jobs) as pool:
        for batch, net in product(chosen.batch, chosen.nets):
            epochs = chosen.epochs or EPOCHS.get(batch, 6)
            rate = Settings.default_rate(net, batch) if chosen.lr is None else chosen.lr
            exponent = chosen.weight_exponent
            settings = [
                Settings(net, chosen.data, engine, batch, epochs, rate, seed, chosen.decay, storage, exponent)
                for engine, storage in (ENGINES[each] for each in engines)
                for seed in chosen.seeds
            ]
            found, count = list(pool.map(accuracy, settings)), len(chosen.seeds)
            columns = [found[n * count : (n + 1) * count] for n in range(len(engines))]
            gap = [golden - floating for floating, golden in zip(*columns[:2], strict=True)]
            print(line([net, batch, epochs, rate, count, *map(mean, columns), mean(gap, "+")]), flush=True)


if __name__ == "__main__":
    main()
