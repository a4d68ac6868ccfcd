"""Pictures as files, of the format that their suffix names."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hw.arch.checks import ConfigError
from sim.training.replacing import replacing

__all__ = ["check", "save"]


def _format(path: Path) -> str:
    return path.suffix.lstrip(".").lower()


def check(path: Path) -> None:
    """Raise a ConfigError if no picture can have this suffix."""
    if _format(path) not in FigureCanvasAgg(Figure()).get_supported_filetypes():
        raise ConfigError(f"Plot must be of a format such as .png, .svg or .pdf, not {path.name!r}")


def save(figure: Figure, path: Path) -> None:
    """Write a picture, whole or not at all.

    Raises
    ------
    ConfigError
        If no picture can have this suffix, or the file cannot be written.
    """
    check(path)
    try:
        with replacing(path) as scratch:
            figure.savefig(scratch, format=_format(path))
    except OSError as error:
        raise ConfigError(f"Plot must be writable, but {path} is not ({error.strerror})") from None
