"""What other tools take: FuseSoC reads the core, Verilator the file list, Vivado's stand-ins the packaging script."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from gen.commands.generate import generate
from gen.verilog import formats
from hw.arch.array.config import ArrayConfig
from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from sim.rtl import simulators

STANDINS = Path(__file__).with_name("vivado_standins.tcl")
CONFIGS = {
    "mac": ArrayConfig(),
    "taxonn": TaxonnConfig((2, 1), ("relu",), (FixedFormat(2, 6),)),
}


@cache
def generated(target):
    return generate(target, CONFIGS[target])


@pytest.fixture(params=CONFIGS)
def design(request, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    for name, text in generated(request.param).items():
        (folder / name).write_text(text)
    return request.param, folder


def fusesoc(top, folder, home):
    """Set up the lint of a core; FuseSoC's own files go to `home`."""
    command = [sys.executable, "-c", "from fusesoc.main import main; main()", "--cores-root", str(folder), "run"]
    command += ["--setup", "--target=lint", "--work-root", str(home / "work"), f"gradgate:generated:{top}"]
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, check=False)


def test_fusesoc_sets_up_the_lint(design, tmp_path):
    top, folder = design
    done = fusesoc(top, folder, tmp_path)
    assert done.returncode == 0, done.stderr
    files = next((tmp_path / "work").glob("*.vc")).read_text()
    assert f"/{top}.v\n" in files
    assert ("/DSP48E1.v\n" in files) == (top == "mac")
    assert f"--top-module {top}\n" in files


@pytest.mark.parametrize(
    "right, wrong", [("CAPI=2:", "CAPI=3:"), ("[mac.v]", "[max.v]"), ("  lint:", "  lit:"), ("filesets:", "filesetz:")]
)
@pytest.mark.parametrize("design", ["mac"], indirect=True)
def test_fusesoc_refuses_a_broken_core(design, right, wrong, tmp_path):
    top, folder = design
    path = folder / "mac.core"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong, 1))
    assert fusesoc(top, folder, tmp_path).returncode != 0


def test_verilator_reads_the_file_list(design):
    top, folder = design
    silenced = [f"-Wno-{warning}" for warning in simulators.LINT_SILENCED]
    done = simulators.verilator("--lint-only", "-Wall", *silenced, "--top-module", top, "-F", str(folder / f"{top}.f"))
    assert (done.returncode, done.stderr) == (0, "")
    (folder / f"{top}.f").write_text("missing.v\n")
    assert simulators.verilator("--lint-only", "-F", str(folder / f"{top}.f")).returncode != 0


@pytest.fixture
def package(tcl):
    """Runs the packaging script of a design: exit code, standard error and the commands called."""

    def run(top, folder, **settings):
        ports = "clk rst s_axil_awvalid s_axil_arvalid s_axis_sample_tvalid m_axis_result_tvalid" * (top == "taxonn")
        environment = {"CALLS": str(folder / "calls"), "PORTS": ports or "clk rst a b", "FAIL": ""}
        driver = folder / "driver.tcl"
        driver.write_text(f"source {{{STANDINS}}}\nsource {{{folder / 'package_ip.tcl'}}}\n")
        done = tcl(driver, {**environment, **settings})
        return done.returncode, done.stderr, (folder / "calls").read_text()

    return run


def test_the_ip_is_packaged(package, design):
    top, folder = design
    code, errors, calls = package(top, folder)
    assert (code, errors) == (0, "")
    assert (folder / "calls.saved").is_file()
    assert f"{folder}/{top}.v" in calls
    assert "DSP48E1.v" not in calls
    assert "ipx::add_bus_parameter POLARITY rst\nset_property value ACTIVE_HIGH POLARITY" in calls
    for bus in ("s_axil", "s_axis_sample", "m_axis_result"):
        assert (f"ipx::associate_bus_interfaces -busif {bus} -clock clk core" in calls) == (top == "taxonn")


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"PORTS": "clk rst"}, "Vivado has not inferred the interface s_axil"),
        ({"FAIL": "ipx::package_project"}, "ipx::package_project failed"),
        ({"FAIL": "ipx::check_integrity"}, "ipx::check_integrity failed"),
    ],
)
@pytest.mark.parametrize("design", ["taxonn"], indirect=True)
def test_a_failing_step_ends_with_code_1(package, design, settings, message):
    code, errors, _ = package(*design, **settings)
    assert code == 1
    assert message in errors


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("ipx::update_checksums", "ipx::update_checksum"),
        ("taxonn.v", "taxon.v"),
        ("-import_files", "-import_file"),
        ("clk clock", "clock clock"),
        ("ipx::infer_bus_interface $port", "ipx::infer_bus_interface"),
    ],
)
@pytest.mark.parametrize("design", ["taxonn"], indirect=True)
def test_a_broken_script_fails(package, design, right, wrong):
    top, folder = design
    text = (folder / "package_ip.tcl").read_text()
    assert right in text
    (folder / "package_ip.tcl").write_text(text.replace(right, wrong))
    assert package(top, folder)[0] == 1


def test_every_file_has_a_kind_and_versions_are_numbers():
    kinds = {name: formats.kind_of(name) for name in generated("mac") if name != "manifest.json"}
    assert {kinds[name] for name in ("mac.f", "mac.core", "package_ip.tcl", "mac.tcl")} == {
        "filelist",
        "core",
        "script",
    }
    for version, numbers in (("0.2.0", "0.2.0"), ("1.2.dev3+g1", "1.2"), ("(not installed)", "0")):
        assert formats.Design("mac", "", version, [], []).numbers == numbers
