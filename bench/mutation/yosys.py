"""Runs Yosys on files of one folder, which is all that its WebAssembly build sees."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from gen.cost.synthesis import YOSYS

__all__ = ["YosysError", "escaped", "run"]


class YosysError(Exception):
    """Yosys ended with an error; the message is its output."""


def run(folder: Path, name: str, commands: Sequence[str], timeout: float | None = None) -> str:
    """Run the commands in `folder` and return what Yosys says.

    Parameters
    ----------
    folder : Path
        Folder of all files.
    name : str
        Stem of the script and of the log that are left in the folder.
    commands : sequence of str
    timeout : float, optional
        Seconds.

    Raises
    ------
    YosysError
        If Yosys fails.
    subprocess.TimeoutExpired
        If it takes longer.
    """
    script, log = folder / f"{name}.ys", folder / f"{name}.log"
    script.write_text("\n".join([*commands, ""]))
    with log.open("w") as output:
        done = subprocess.run(
            [*YOSYS, "-s", script.name], cwd=folder, stdout=output, stderr=output, timeout=timeout, check=False
        )
    text = log.read_text(errors="replace")
    if done.returncode:
        raise YosysError(text[-2000:])
    return text


def escaped(name: str) -> str:
    """A name as Yosys's selections match it: special characters match any."""
    return "".join("?" if character in "\\[]*?" else character for character in name)
