"""What all tests share: which simulator runs, and what it cannot run."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

# The workers share the cores already; more threads of one worker's matrix products slow all down.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: The Tcl interpreter inside Python as a command; it comes without `exit`.
TKINTER = """
import os, sys, tkinter
tcl = tkinter.Tcl()
tcl.createcommand("exit", lambda code=0: (tcl.eval("flush stdout; flush stderr"), os._exit(int(code))))
tcl.eval("source {" + sys.argv[1] + "}")
"""


def pytest_report_header():
    return f"simulator: {os.environ.get('SIM') or 'verilator'}, seed: {os.environ.get('COCOTB_RANDOM_SEED') or 1}"


def pytest_collection_modifyitems(items):
    if os.environ.get("SIM") == "icarus":
        for item in items:
            if item.get_closest_marker("full_size"):
                item.add_marker(pytest.mark.skip(reason="full size: Icarus would need hours, Verilator runs it"))


@pytest.fixture(scope="session")
def tcl():
    """Runs a Tcl script: `tcl(script, env, cwd=None)`, in tclsh, else in the interpreter inside Python."""
    if tclsh := shutil.which("tclsh"):
        command = [tclsh]
    elif importlib.util.find_spec("_tkinter"):
        command = [sys.executable, "-c", TKINTER]
    else:
        pytest.skip("no Tcl interpreter: Debian splits tclsh (package tcl) and Python's (python3-tk) off")

    def run(script, env, cwd=None):
        return subprocess.run(
            [*command, str(script)],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
