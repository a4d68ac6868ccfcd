"""The runner: what passes, what fails, what is built anew."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from hw.arch.taxonn.config import FixedFormat
from sim.rtl import runner
from sim.rtl.runner import SimulationError, build, lint, simulate, simulator_available
from sim.rtl.simulators import choose_simulator

COUNTER = """
module count_leaf(input clk, input rst, input [7:0] d, output reg [7:0] q);
  always @(posedge clk) if (rst) q <= 8'd0; else q <= q + d;
endmodule
module count_top(input clk, input rst, input [7:0] d, output [7:0] q);
  count_leaf leaf(.clk(clk), .rst(rst), .d(d), .q(q));
endmodule
"""
DESIGN = {"top": "count_top", "verilog": COUNTER}
PARAMETERS = {"value": 17, "format": FixedFormat(2, 12), "sizes": (1, 2)}
BENCH = {**DESIGN, "bench": "sim.testbench.counter"}


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Use a cache without builds; Verilator's runtime, which is no part of these tests, is kept."""
    for runtime in runner.CACHE.glob("runtime-*[0-9a-f]"):  # Without their locks, which may be no links.
        (tmp_path / runtime.name).symlink_to(runtime)
    monkeypatch.setattr(runner, "CACHE", tmp_path)
    return tmp_path


@pytest.fixture
def builds(monkeypatch):
    """Count the builds that the cache did not spare."""
    done = []
    real = runner._build
    monkeypatch.setattr(runner, "_build", lambda *args: done.append(args) or real(*args))
    return done


def test_a_right_bench_passes():
    simulate(**BENCH, testcase="counts")


def test_a_failing_bench_raises():
    with pytest.raises(SimulationError, match=r"failed counts_wrong$"):
        simulate(**BENCH, testcase="counts_wrong")


def test_no_test_raises():
    with pytest.raises(SimulationError, match="no test ran"):
        simulate(**BENCH, testcase="no_such_test")


def test_a_missing_bench_raises():
    with pytest.raises(SimulationError):
        simulate(**DESIGN, bench="sim.testbench.no_such_bench")


def test_the_parameters_reach_the_bench():
    simulate(**BENCH, testcase="reads_parameters", parameters=PARAMETERS)


def test_other_parameters_are_told_apart():
    with pytest.raises(SimulationError, match="failed reads_parameters"):
        simulate(**BENCH, testcase="reads_parameters", parameters={**PARAMETERS, "value": "17"})


def test_a_hang_is_stopped():
    build(**DESIGN)
    with pytest.raises(SimulationError, match="took longer than the 2 s allowed"):
        simulate(**BENCH, testcase="hangs", timeout=2)


def test_the_seed_is_printed(capfd):
    simulate(**BENCH, testcase="counts", seed=5)
    assert "count_top sim.testbench.counter counts seed 5\n" in capfd.readouterr().out


def test_the_same_is_built_once(empty_cache, builds):
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: build(**DESIGN), range(2))
    assert first == second
    assert len(builds) == 1


def test_another_text_is_built_anew(empty_cache, builds):
    build(**DESIGN)
    changed = COUNTER.replace("q + d", "q - d")
    with pytest.raises(SimulationError, match="failed counts"):
        simulate(**BENCH | {"verilog": changed}, testcase="counts")
    assert len(builds) == 2


def test_a_broken_build_is_not_kept(empty_cache):
    for _ in range(2):
        with pytest.raises(SimulationError, match="ended with code"):
            build(top="count_top", verilog="module count_top(")
    left = [path.name for path in empty_cache.iterdir() if path.suffix != ".lock" and "runtime" not in path.name]
    assert left == []


def test_hierarchical_blocks_give_the_same_behaviour():
    simulate(**BENCH, testcase="counts", hier_blocks=["count_leaf"])


def test_waves_are_written(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("WAVES", "1")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    simulate(**BENCH, testcase="counts")
    wave = tmp_path / "build" / "waves" / "count_top-counts.vcd"
    assert f"Waveform: {wave}" in capfd.readouterr().out
    assert "$enddefinitions" in wave.read_text()


def test_verilator_needs_no_perl(empty_cache, tmp_path, monkeypatch):
    """Only the programs that a bare machine has are on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("sh", "make", "g++", "ar", "as", "ld", "rm", "cat", "xargs", "uname", "echo", "cp", "mkdir"):
        (folder / program).symlink_to(shutil.which(program))
    monkeypatch.setenv("PATH", str(folder))
    simulate(**BENCH, testcase="counts", simulator="verilator")


def test_a_path_with_a_space_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "ROOT", tmp_path / "my designs")
    with pytest.raises(ValueError, match=r"need a repository path without spaces, not '.*my designs'"):
        build(**DESIGN)


def test_an_unknown_simulator_is_refused():
    with pytest.raises(ValueError, match="Simulator must be one of verilator, icarus, not 'vcs'"):
        simulate(**BENCH, simulator="vcs")


def test_the_simulator_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("SIM", "icarus")
    assert choose_simulator(None) == "icarus"
    monkeypatch.delenv("SIM")
    assert choose_simulator(None) == "verilator"
    assert simulator_available("verilator")


def test_the_linter_accepts_and_refuses():
    lint(**DESIGN)
    with pytest.raises(SimulationError, match="WIDTHTRUNC"):
        lint(top="count_top", verilog=COUNTER.replace("output reg [7:0]", "output reg [6:0]"))


def test_installed_the_cache_is_the_users(tmp_path):
    """The packages of a distribution may lie where nobody can write."""
    for package in ("sim/rtl", "hw/arch"):
        shutil.copytree(runner.ROOT / package, tmp_path / "packages" / package)
    script = "from sim.rtl.runner import CACHE; print(CACHE)"
    for name, folder in (("XDG_CACHE_HOME", tmp_path / "gradgate"), ("HOME", tmp_path / ".cache" / "gradgate")):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", name: str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-P", "-c", script],
            env={**environment, "PYTHONPATH": str(tmp_path / "packages")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"{folder / 'sim'}\n"
