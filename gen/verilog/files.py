"""Writing a set of files, all or none."""

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from gen.errors import UserError

__all__ = ["Folder", "output_folder", "remove_scratch", "scratch_folder"]

#: Scratch folders of this process, which a signal that ends it at once takes along.
_scratch: set[Path] = set()


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """Give a new hidden folder in `parent`, or where temporary files go, that is gone in the end."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=".gradgate-"))
    _scratch.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _scratch.discard(folder)


def remove_scratch() -> None:
    """Remove all scratch folders, for a process that is about to end."""
    for folder in [*_scratch]:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing(destination: Path) -> Iterator[None]:
    """Turn an OSError of what is within into a sentence on the destination."""
    try:
        yield
    except OSError as error:
        raise UserError(f"Output folder must be writable, but {destination} is not ({error.strerror})") from None


@contextmanager
def _held_signals() -> Iterator[None]:
    """Hold back what may end the process, so that files are moved all or none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Folder:
    """Collects files beside their destination; :meth:`commit` moves them there."""

    def __init__(self, destination: Path, scratch: Path):
        self._destination, self._scratch = destination, scratch

    def commit(self, files: Mapping[str, str], stale: Iterable[str] = ()) -> None:
        """Write all `files` (name to text) next to the destination, then move them into it and remove `stale` ones."""
        with _writing(self._destination):
            _check_names(self._destination, files)
            for name, text in files.items():
                (self._scratch / name).write_text(text)
            with _held_signals():
                self._destination.mkdir(parents=True, exist_ok=True)
                for name in files:
                    os.replace(self._scratch / name, self._destination / name)
                for name in stale:
                    (self._destination / name).unlink(missing_ok=True)


def _check_names(destination: Path, names: Iterable[str]) -> None:
    """Refuse names that files in the destination cannot have."""
    for name in names:
        if _is_folder(destination / name):
            raise UserError(f"Output file {destination / name} must not be a folder")


def _is_folder(path: Path) -> bool | None:
    """Say whether a path is a folder, None if there is nothing; raise an OSError for a name that nothing can have."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return stat.S_ISDIR(os.stat(path).st_mode)
    return None


@contextmanager
def output_folder(destination: Path, names: Iterable[str] = ()) -> Iterator[Folder]:
    """Give a :class:`Folder` for `destination`, checked to be writable; leave nothing behind on an error.

    Only what goes wrong in writing becomes a sentence on the destination, no other error of the work within.

    Parameters
    ----------
    destination : Path
    names : iterable of str
        Files that will be written, so that one that cannot be is refused before the work.

    Raises
    ------
    UserError
        If the destination is a file or cannot be written.
    """
    with ExitStack() as stack:
        with _writing(destination):
            if _is_folder(destination) is False:
                raise UserError(f"Output folder must not be a file, as {destination} is")
            _check_names(destination, names)
            # In an existing folder, so that the moves stay within one file system.
            whole = destination.absolute()
            existing = next(path for path in (whole, *whole.parents) if path.exists())
            scratch = stack.enter_context(scratch_folder(existing))
            for part in whole.relative_to(existing).parts:  # a name that no folder can have fails here
                (scratch / part).mkdir()
                (scratch / part).rmdir()
        yield Folder(destination, scratch)
