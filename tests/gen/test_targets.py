"""What every target writes is read by Yosys and Verilator's linter and described by its manifest."""

import hashlib
import json
import subprocess

import pytest

from gen.commands.generate import generate
from gen.commands.targets import TARGETS
from gen.cost.synthesis import YOSYS
from gen.version import version
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.pint import PintFormat
from sim.rtl.models import DSP48E1
from sim.rtl.simulators import lint

KEYS = {"target", "parameters", "top", "files", "clock", "reset", "ports", "latency", "macs_per_cycle", "sha256"}
MODULES = [target for target in TARGETS if not TARGETS[target].board and not TARGETS[target].configure]
CASES = [(target, form) for target in MODULES for form in MacForm if "mac" in TARGETS[target].options]
CASES.append(("convert", MacForm.DSP))


def yosys(folder, script):
    """Run Yosys in `folder`; its output is shown where it fails."""
    subprocess.run([*YOSYS, "-q", "-p", script], cwd=folder, check=True)


@pytest.mark.parametrize("target, form", CASES)
def test_output_is_read_and_described(target, form, tmp_path):
    config = ArrayConfig(2, 2, 1, 3, PintFormat(7, 2), form, 40)
    files = generate(target, config)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    manifest = json.loads(files["manifest.json"])

    # With Yosys's own DSP48E1, as in synthesis, not the simulation model.
    yosys(
        tmp_path,
        f"read_verilog -lib +/xilinx/cells_sim.v; read_verilog {target}.v; hierarchy -check -purge_lib -top {target}; "
        "proc; check -assert; write_json ports.json",
    )
    lint(top=target, verilog=files[f"{target}.v"], models=[DSP48E1] if form == MacForm.DSP else [])

    assert manifest.keys() >= KEYS
    assert manifest["target"] == manifest["top"] == target
    ports = json.loads((tmp_path / "ports.json").read_text())["modules"][target]["ports"]
    described = {port["name"]: (port["direction"], port["width"]) for port in manifest["ports"]}
    assert described == {name: (port["direction"], len(port["bits"])) for name, port in ports.items()}
    assert manifest["sha256"] == {
        file["name"]: hashlib.sha256(files[file["name"]].encode()).hexdigest() for file in manifest["files"]
    }
    assert {file["name"] for file in manifest["files"]} == files.keys() - {"manifest.json"}
    simulation = [file["name"] for file in manifest["files"] if file["simulation"]]
    assert simulation == (["DSP48E1.v"] if form == MacForm.DSP and target != "convert" else [])
    assert [port["name"] for port in manifest["ports"]][:2] == ["clk", "rst"]
    assert manifest["macs_per_cycle"] == {"mac": 1, "convert": 0, "pe": 3, "wpu": 9, "cluster": 18, "array": 36}[target]
    assert manifest["latency"] > 0
    assert manifest["clock"] == {"port": "clk", "period_ns": 5.0}


def test_manifest_of_the_mac():
    manifest = json.loads(generate("mac", ArrayConfig(mac=MacForm.SHIFT, acc_bits=48))["manifest.json"])
    assert manifest["parameters"] == {"pint": [8, 3], "mac": "shift", "acc_bits": 48}
    assert (manifest["version"], manifest["part"]) == (version(), "xc7vx690tffg1761-2")
    assert manifest["reset"] == {"port": "rst", "active": "high", "synchronous": True}
    assert [(p["name"], p["direction"], p["width"], p["signed"]) for p in manifest["ports"]] == [
        ("clk", "input", 1, False),
        ("rst", "input", 1, False),
        ("a", "input", 8, False),
        ("b", "input", 8, False),
        ("en", "input", 1, False),
        ("clear", "input", 1, False),
        ("acc", "output", 48, True),
    ]


def test_layout_of_a_packed_port():
    ports = json.loads(generate("array", ArrayConfig(2, 1, 1, 3))["manifest.json"])["ports"]
    port = next(port for port in ports if port["name"] == "x")
    element, sizes = port, []
    while "layout" in element:
        sizes.append(element["layout"]["length"])
        element = element["layout"]["element"]
    assert (sizes, element) == ([1, 1, 3, 3], {"width": 8, "signed": False})
    control = next(port for port in ports if port["name"] == "control")["layout"]["fields"]
    assert control[0] == {"name": "op", "offset": 0, "width": 2, "signed": False}
    assert sum(field["width"] for field in control) == control[-1]["offset"] + control[-1]["width"]
