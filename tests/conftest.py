"""What all tests share: which simulator runs, and what it cannot run."""

import os

import pytest

# The workers share the cores already; more threads of one worker's matrix products slow all down.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_report_header():
    return f"simulator: {os.environ.get('SIM') or 'verilator'}, seed: {os.environ.get('COCOTB_RANDOM_SEED') or 1}"


def pytest_collection_modifyitems(items):
    if os.environ.get("SIM") == "icarus":
        for item in items:
            if item.get_closest_marker("full_size"):
                item.add_marker(pytest.mark.skip(reason="full size: Icarus would need hours, Verilator runs it"))
