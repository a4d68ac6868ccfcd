"""`gradgate generate bringup` writes a build plan that tools can read, and refuses what does not fit the board."""

import hashlib
import json
import re
import subprocess
from functools import cache

import pytest

from gen.cli import main
from gen.commands.generate import generate
from gen.cost.synthesis import YOSYS
from hw.arch.array.config import ArrayConfig, MacForm
from hw.array.array import Array
from sim.golden import bringup as golden
from sim.rtl.simulators import lint

CONFIG = ArrayConfig(2, 1, 2, 1, mac=MacForm.GENERIC)
FILES = {"bringup.v", "bringup_core.v", "bringup.xdc", "bringup.tcl", "build_bringup.sh", "manifest.json"}
FILES |= {"bringup.f", "bringup.core"}

#: Stand-ins of Vivado's commands: each call is printed; slacks are those of the environment.
STANDINS = """
foreach command {create_project add_files synth_design report_timing_summary report_utilization opt_design place_design
    report_io report_control_sets report_clock_utilization route_design phys_opt_design write_checkpoint report_drc
    report_route_status report_methodology report_power write_bitstream create_clock set_property} {
    proc $command args [format {puts "%s $args"} $command]
}
foreach command {get_cells get_pins get_clocks get_ports get_nets current_design} { proc $command args {} }
proc get_timing_paths args { return $::env([dict get $args -delay_type]) }
proc get_property {name object} { return $object }
proc read_xdc file { uplevel #0 [list source $file] }
proc quit {} { exit 0 }
source bringup.tcl
"""


@cache
def generated():
    return generate("bringup", CONFIG)


@pytest.fixture
def folder(tmp_path):
    for name, text in generated().items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_files_and_manifest():
    files = generated()
    manifest = json.loads(files["manifest.json"])
    assert files.keys() == FILES
    assert {file["name"] for file in manifest["files"]} == FILES - {"manifest.json"}
    assert manifest["sha256"] == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items() if name != "manifest.json"
    }
    assert manifest["target"] == manifest["top"] == "bringup"
    assert manifest["clock"] == {"port": "clk_0__p", "period_ns": 5.0}
    assert manifest["reset"] == {"port": "rst_0__io", "active": "high", "synchronous": False}
    assert manifest["macs_per_cycle"] == CONFIG.macs
    constrained = set(re.findall(r'set_property LOC \w+ \[get_ports "(\w+)"\]', files["bringup.xdc"]))
    assert {port["name"] for port in manifest["ports"]} == constrained
    assert {port["name"] for port in manifest["ports"] if port["direction"] == "output"} == {
        "uart_0__tx__io",
        *(f"led_{n}__io" for n in range(8)),
    }


def test_signature_is_goldens():
    files = generated()
    signature = golden.BringUp(CONFIG, Array.latency_of(CONFIG), 256).signature
    assert json.loads(files["manifest.json"])["signature"] == f"{signature:08X}"
    assert f"== 32'h{signature:08x}" in files["bringup_core.v"] or f"== 32'd{signature}" in files["bringup_core.v"]


def test_same_parameters_same_bytes():
    assert generate("bringup", CONFIG) == generated()


def test_no_file_names_the_machine():
    for name, text in generated().items():
        assert not re.search(r"/(home|root|usr|tmp|work)/", text), name


def test_yosys_reads_the_design(folder):
    script = (
        "read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v; read_verilog bringup_core.v bringup.v; "
        "setparam -unset SIM_DEVICE t:BUFGCTRL; hierarchy -check -purge_lib -top bringup; proc; check -assert"
    )
    subprocess.run([*YOSYS, "-q", "-p", script], cwd=folder, check=True)


def test_linter_accepts_the_core():
    lint(top="bringup_core", verilog=generated()["bringup_core.v"])


def build(tcl, folder, **slacks):
    """Run the plan's script on the stand-ins."""
    (folder / "driver.tcl").write_text(STANDINS)
    return tcl("driver.tcl", {"max": "0.1", "min": "0.1", **slacks}, folder)


def test_script_builds_a_bitstream(tcl, folder):
    done = build(tcl, folder)
    assert (done.returncode, done.stderr) == (0, "")
    calls = done.stdout.splitlines()
    assert "create_project -force -name bringup -part xc7vx690tffg1761-2" in calls
    assert [call for call in calls if call.startswith("add_files")] == [
        "add_files bringup_core.v",
        "add_files bringup.v",
    ]
    assert "write_bitstream -force -bin_file bringup.bit" in calls


@pytest.mark.parametrize("delay", ["max", "min"])
def test_script_ends_with_1_where_timing_fails(tcl, folder, delay):
    done = build(tcl, folder, **{delay: "-0.001"})
    assert (done.returncode, done.stderr) == (1, f"Timing is not met ({delay})\n")
    assert "write_bitstream" not in done.stdout


def test_command_line(tmp_path, capsys):
    sizes = ["--clusters", "1", "--wpus", "1", "--rows", "1", "--channels", "1"]
    assert main(["generate", "bringup", *sizes, "--out", str(tmp_path / "plan")]) == 0
    assert {file.name for file in (tmp_path / "plan").iterdir()} == {*FILES, "DSP48E1.v"}
    assert "3 MACs a cycle" in capsys.readouterr().out


def test_array_that_does_not_fit_is_refused(tmp_path, capsys):
    assert main(["generate", "bringup", "--clusters", "17", "--out", str(tmp_path / "plan")]) == 2
    sentence = "gradgate: The array of a bring-up must have at most 3600 MACs, not 3672\n"
    assert capsys.readouterr().err == sentence
    assert not (tmp_path / "plan").exists()
