"""Files that a command writes after long work: every path is tried before it."""

import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gen.errors import UserError
from sim.training.replacing import replacing

__all__ = ["check_outputs", "check_unused", "unwritable", "write"]


def check_outputs(outputs: Mapping[str, Path | None]) -> None:
    """Try the paths of the files that a command will write, and leave nothing behind.

    Parameters
    ----------
    outputs : mapping from what a file is, such as "Plot", to its path or None

    Raises
    ------
    UserError
        If one is a folder or a device or cannot be written, or two are the same.
    """
    places: dict[Path, str] = {}
    for what, path in outputs.items():
        if path is not None:
            try:
                place = _tried(what, path)
            except OSError as error:
                raise unwritable(what, path, error) from None
            if place in places:
                raise UserError(f"{what} and {places[place].lower()} must be different files, not both {path}")
            places[place] = what


def check_unused(checkpoint: Path, force: bool, ways: str = "") -> None:
    """Raise a UserError where a checkpoint is there already and may not be replaced; `ways` are other ways to go on."""
    if checkpoint.exists() and not force:
        rule = f"{ways}--checkpoint names another, --force replaces it"
        raise UserError(f"Checkpoint {checkpoint} must not be there yet: {rule}")


def write(what: str, path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    try:
        with replacing(path) as scratch:
            scratch.write_text(text)
    except OSError as error:
        raise unwritable(what, path, error) from None


def _tried(what: str, path: Path) -> Path:
    """Return the resolved path, for which the folders and a file of its name could be made."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise UserError(f"{what} must not be a folder, as {path} is")
    if not stat.S_ISREG(mode):
        raise UserError(f"{what} must be a plain file, unlike {path}")
    place = path.resolve()
    existing = next(parent for parent in place.parents if parent.exists())
    with tempfile.TemporaryDirectory(dir=existing, prefix=".gradgate-") as scratch:
        trial = Path(scratch, place.relative_to(existing))
        trial.parent.mkdir(parents=True, exist_ok=True)
        trial.touch()
    return place


def unwritable(what: str, path: Path, error: OSError) -> UserError:
    """The mistake that a file cannot be written."""
    return UserError(f"{what} must be writable, but {path} is not ({error.strerror})")
