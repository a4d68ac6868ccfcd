"""Files that are whole or not there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a scratch file of the same name beside `path`, which takes its place where the block passes.

    Folders that are missing are made. Where the block fails, what was at `path` stays and no scratch is left.
    """
    path = path.resolve()  # A link stays one: what it names is replaced.
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".gradgate-") as folder:
        scratch = Path(folder, path.name)
        yield scratch
        os.replace(scratch, path)
