"""The curve of a training run as a picture."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sim.training.run import Run

from .picture import save

__all__ = ["draw"]


def draw(run: Run, path: Path) -> None:
    """Draw loss and accuracy over the epochs; the suffix of the path sets the format.

    Raises
    ------
    ValueError
        If there is no format of this suffix, or the file cannot be written.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(run.epochs) + 1)
    for axes, name, unit in ((left, "loss", 1), (right, "accuracy", 100)):
        axes.plot(epochs, [unit * getattr(each, name) for each in run.epochs], "o-", label="training")
        axes.plot(epochs, [unit * getattr(each, f"test_{name}") for each in run.epochs], "s-", label="test")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    left.set_ylabel("cross-entropy")
    right.set_ylabel("accuracy in %")
    settings = run.settings
    figure.suptitle(f"{settings.net} on {settings.data}, {settings.engine}, batch {settings.batch}")
    save(figure, path)
