"""The Vivado script of every kind of target, run in a Tcl interpreter on stand-ins of Vivado's commands."""

import json
from functools import cache
from pathlib import Path

import pytest

from gen.commands.generate import generate
from hw.arch.array.config import ArrayConfig

STANDINS = Path(__file__).with_name("vivado_standins.tcl")


@cache
def generated(target):
    return generate(target, ArrayConfig(1, 1, 1, 2))


@pytest.fixture(params=["mac", "convert", "array"])
def design(request, tmp_path):
    files = generated(request.param)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path, json.loads(files["manifest.json"])


@pytest.fixture
def run(tcl):
    """Runs the script of a design: exit code, standard error and the commands called."""

    def run(folder, manifest, **settings):
        ports = [f"{p['name']}[*]" if p["width"] > 1 else p["name"] for p in manifest["ports"]]
        environment = {
            "CALLS": str(folder / "calls"),
            "PORTS": " ".join(ports),
            "SETUP_SLACK": "0.125",
            "HOLD_SLACK": "0.031",
            "ROUTE_ERRORS": "0",
            "FAIL": "",
        }
        driver = folder / "driver.tcl"
        driver.write_text(f"source {{{STANDINS}}}\nsource {{{folder / manifest['top']}.tcl}}\n")
        done = tcl(driver, {**environment, **settings})
        return done.returncode, done.stderr, (folder / "calls").read_text()

    return run


def test_build_passes(run, design):
    folder, manifest = design
    code, errors, calls = run(folder, manifest)
    assert (code, errors) == (0, "")
    assert f"synth_design -top {manifest['top']} -part xc7vx690tffg1761-2 -mode out_of_context" in calls
    assert "DSP48E1.v" not in calls
    assert f"create_clock -name clk -period {manifest['clock']['period_ns']:.3f} clk" in calls
    reports = {"utilization.rpt", "utilization_hierarchical.rpt", "timing.rpt", "route_status.rpt", "routed.dcp"}
    assert reports <= {file.name for file in (folder / "vivado").iterdir()}


def test_every_port_is_constrained(run, design):
    folder, manifest = design
    calls = [line for line in run(folder, manifest)[2].splitlines() if line.startswith("get_ports")]
    constrained = " ".join(calls).replace("[*]", "").replace("{", " ").replace("}", " ").split()
    assert {port["name"] for port in manifest["ports"]} == set(constrained) - {"get_ports"}


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"SETUP_SLACK": "-0.001"}, "timing is not met"),
        ({"HOLD_SLACK": "-0.001"}, "timing is not met"),
        ({"SETUP_SLACK": ""}, "no path is constrained"),
        ({"ROUTE_ERRORS": "1"}, "routing left errors"),
        ({"FAIL": "synth_design"}, "synth_design failed"),
        ({"FAIL": "place_design"}, "place_design failed"),
        ({"FAIL": "route_design"}, "route_design failed"),
        ({"FAIL": "report_utilization"}, "report_utilization failed"),
        ({"FAIL": "set_max_delay"}, "set_max_delay failed"),
    ],
)
@pytest.mark.parametrize("design", ["mac"], indirect=True)
def test_failure_ends_with_code_1(run, design, settings, message):
    code, errors, _ = run(*design, **settings)
    assert code == 1
    assert message in errors


@pytest.mark.parametrize("design", ["mac"], indirect=True)
def test_no_path_for_hold_passes(run, design):
    assert run(*design, HOLD_SLACK="")[0] == 0


@pytest.mark.parametrize(
    "file, right, wrong",
    [
        ("mac.tcl", "mac.v", "max.v"),
        ("mac.tcl", "-part $part -mode", "-part $part -mod"),
        ("mac.tcl", "    opt_design\n", ""),
        ("mac.tcl", "-top $top", "-top $tob"),
        ("mac.tcl", "route_design", "route_desing"),
        ("mac.xdc", "acc[*]", "ack[*]"),
        ("mac.xdc", "-name clk", "-name clock"),
        ("mac.xdc", "-datapath_only", "-data_path_only"),
    ],
)
@pytest.mark.parametrize("design", ["mac"], indirect=True)
def test_broken_script_fails(run, design, file, right, wrong):
    folder, manifest = design
    text = (folder / file).read_text()
    assert right in text
    (folder / file).write_text(text.replace(right, wrong))
    assert run(folder, manifest)[0] == 1
