"""Ctrl-C and SIGTERM while Verilog is made: one line, the right exit code, nothing left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest


def stop(folder, number, delay):
    """Send a signal `delay` seconds after the emission has begun; return exit code and standard error."""
    command = [sys.executable, "-m", "gen.cli", "generate", "array", "--out", str(folder / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    limit = time.monotonic() + 60
    while not list(folder.iterdir()):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.02)
    time.sleep(delay)
    os.killpg(process.pid, number)  # as a terminal does: the program and what it has started
    out, errors = process.communicate(timeout=60)
    assert out == ""
    return process.returncode, errors


@pytest.mark.parametrize(
    "number, delay, code, line",
    [
        (signal.SIGINT, 0.0, 130, "interrupted"),
        (signal.SIGINT, 0.5, 130, "interrupted"),
        (signal.SIGINT, 1.1, 130, "interrupted"),
        (signal.SIGTERM, 0.3, 143, "terminated"),
    ],
)
def test_generate_ends_in_one_line(number, delay, code, line, tmp_path):
    assert stop(tmp_path, number, delay) == (code, f"gradgate: {line}; nothing was written\n")
    assert not list(tmp_path.iterdir())
