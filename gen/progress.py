"""One line of progress on standard error during long work."""

import sys
import time

__all__ = ["Progress"]


class Progress:
    """Shows on standard error what goes on: one line redrawn on a terminal, else a line every half minute.

    Parameters
    ----------
    stream : text file, optional
        Where to show it; standard error by default.
    """

    QUIET_SECONDS = 30.0

    def __init__(self, stream=None):
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._start = self._last = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()

    def clear(self) -> None:
        """Take the line off a terminal, so that other text can follow."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, what: str) -> None:
        """Say that `what` is being done."""
        now = time.monotonic()
        line = f"{now - self._start:5.0f} s  {what[:100]}"
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line}")
        elif now - self._last >= self.QUIET_SECONDS:
            self._stream.write(line + "\n")
            self._last = now
        self._stream.flush()
