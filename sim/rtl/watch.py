"""Progress of a simulation that runs in another process, through a file."""

import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

__all__ = ["watched"]


@contextmanager
def watched(file: Path, progress: Callable[[int | None], None]):
    """Call `progress` twice a second with the number on the last whole line of `file`, None while there is none."""
    done = threading.Event()

    def watch():
        while not done.wait(0.5):
            lines = file.read_text().split("\n") if file.exists() else []
            progress(int(lines[-2]) if len(lines) > 1 else None)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
