"""What all tests share: which simulator runs, and what it cannot run."""

import os

import pytest


def pytest_report_header():
    return f"simulator: {os.environ.get('SIM') or 'verilator'}, seed: {os.environ.get('COCOTB_RANDOM_SEED') or 1}"


def pytest_collection_modifyitems(items):
    if os.environ.get("SIM") == "icarus":
        for item in items:
            if item.get_closest_marker("full_size"):
                item.add_marker(pytest.mark.skip(reason="full size: Icarus would need hours, Verilator runs it"))
