"""How the program ends when the user or the system stops it."""

import os
import signal
import sys
from types import FrameType

from .verilog.files import remove_scratch

__all__ = ["end_at_once", "raise_on_signals"]


def end_at_once() -> None:
    """From now on SIGINT and SIGTERM end the process at once: one line, no scratch folder left, exit code 130 or 143.

    An exception in their place could be raised in a finaliser, where Python prints and drops it, so that the work
    would go on to its end.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def raise_on_signals() -> None:
    """From now on SIGINT raises KeyboardInterrupt and SIGTERM SystemExit, for work that keeps what it has done."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _leave)


def _end(number: int, _: FrameType | None) -> None:
    remove_scratch()
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    what = "interrupted" if number == signal.SIGINT else "terminated"
    os.write(2, f"{start}gradgate: {what}; nothing was written\n".encode())
    os._exit(128 + number)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
