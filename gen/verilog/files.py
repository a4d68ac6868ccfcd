"""Writing a set of files, all or none."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gen.errors import UserError

__all__ = ["Folder", "output_folder"]


class Folder:
    """Collects files beside their destination; :meth:`commit` moves them there."""

    def __init__(self, destination: Path, scratch: Path):
        self._destination, self._scratch = destination, scratch

    def commit(self, files: Mapping[str, str]) -> None:
        """Write all `files` (name to text) next to the destination, then move them into it."""
        for name, text in files.items():
            if (self._destination / name).is_dir():
                raise UserError(f"Output file {self._destination / name} must not be a folder")
            (self._scratch / name).write_text(text)
        self._destination.mkdir(parents=True, exist_ok=True)
        for name in files:
            os.replace(self._scratch / name, self._destination / name)


@contextmanager
def output_folder(destination: Path) -> Iterator[Folder]:
    """Give a :class:`Folder` for `destination`, checked to be writable; leave nothing behind on an error.

    Raises
    ------
    UserError
        If the destination is a file or cannot be written.
    """
    if destination.exists() and not destination.is_dir():
        raise UserError(f"Output folder must not be a file, as {destination} is")
    # In an existing folder, so that the moves stay within one file system.
    existing = next(path for path in (destination, *destination.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryDirectory(dir=existing, prefix=".gradgate-") as scratch:
            yield Folder(destination, Path(scratch))
    except OSError as error:
        raise UserError(f"Output folder must be writable, but {destination} is not ({error.strerror})") from None
