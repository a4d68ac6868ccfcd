"""The command line's C-Core: what it writes, what it refuses, and that memories become block RAM and nothing else."""

import json
import math
import subprocess

import pytest

from gen.cli import main
from gen.cost.synthesis import YOSYS, count
from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, MAX_ENTRIES
from sim.rtl.simulators import lint

CONFIG = CCoreConfig(ArrayConfig(2, 3, 3, 4), input_depth=600, weight_depth=2100, psum_depth=300, images=40)

#: Words and bits of a RAMB18 with a read and a write port (AMD UG473); a RAMB36 has twice the bits, and counts as two.
RAMB18 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))


def ramb18(depth, width):
    """RAMB18 of a bank: the fewest of one shape."""
    return min(math.ceil(depth / words) * math.ceil(width / bits) for words, bits in RAMB18)


def block_ram(config):
    """RAMB18 of a C-Core: input, weights, two halves of partial sums, waiting sums of |x|, entries of descriptors."""
    array = config.array
    return (
        config.banks * ramb18(config.input_depth, config.word_bits)
        + config.tap_rows * 3 * array.clusters * ramb18(config.weight_depth, array.pint.k)
        + 2 * PORTS * array.clusters * array.wpus * ramb18(config.psum_depth, array.acc_bits)
        + array.clusters * ramb18(config.images, config.sum_bits)
        + (ENTRY.units + array.rows) * ramb18(2 * MAX_ENTRIES, 32)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What `generate` writes for a small C-Core."""
    out, array = tmp_path_factory.mktemp("ccore"), CONFIG.array
    sizes = {"clusters": array.clusters, "wpus": array.wpus, "rows": array.rows, "channels": array.channels}
    sizes |= {name: getattr(CONFIG, name) for name in ("input_depth", "weight_depth", "psum_depth", "images")}
    options = [word for name, value in sizes.items() for word in ("--" + name.replace("_", "-"), str(value))]
    assert main(["generate", "ccore", *options, "--out", str(out)]) == 0
    return out


def test_manifest_names_ports_and_sizes(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    parameters = manifest["parameters"]
    assert {name: parameters[name] for name in ("clusters", "channels", "input_depth", "images")} == {
        "clusters": 2,
        "channels": 4,
        "input_depth": 600,
        "images": 40,
    }
    assert manifest["macs_per_cycle"] == CONFIG.array.macs
    widths = {port["name"]: (port["direction"], port["width"]) for port in manifest["ports"]}
    assert widths["commands__payload"] == ("input", 32)
    assert widths["commands__ready"] == ("output", 1)
    assert widths["input_write"] == ("input", 1 + 4 + 10 + 2 * 4 * 8)
    assert widths["weight_write"] == ("input", 1 + 2 + 2 + 12 + 1 + 2 * 8)
    assert widths["results__payload"] == ("output", 2 * 3 * 36 + 3 + 2)
    assert widths["sums__payload"] == ("output", 2 * CONFIG.sum_bits)
    assert widths["status__payload"] == ("output", 8 + 4)
    assert {"ccore.xdc", "ccore.tcl", "DSP48E1.v"} <= {path.name for path in folder.iterdir()}
    lint(top="ccore", verilog=(folder / "ccore.v").read_text(), models=[folder / "DSP48E1.v"])


def test_memories_are_block_ram_and_macs_are_dsps(folder):
    """By synthesis as far as memories and DSPs; no loop in the dissolved hierarchy, and no latch."""
    script = (
        "read_verilog -lib +/xilinx/cells_sim.v; read_verilog ccore.v; hierarchy -purge_lib -top ccore; proc; "
        "select -assert-none t:$dlatch* t:$adlatch*; design -save whole; flatten; check -assert; design -load whole; "
        "synth_xilinx -family xc7 -top ccore -run begin:fine; tee -q -o stat.json stat -json"
    )
    subprocess.run([*YOSYS, "-q", "-p", script], cwd=folder, check=True)
    modules = json.loads((folder / "stat.json").read_text())["modules"]
    cells = {name.removeprefix("\\"): module["num_cells_by_type"] for name, module in modules.items()}
    used = count(cells, "ccore")
    # Beside the MACs: the products of the descriptors' checks.
    assert used["DSP48E1"] == CONFIG.array.macs + 4
    assert used["RAMB18"] == block_ram(CONFIG)
    # The queue of statuses, 16 x 12 bits: a LUT of memory holds 64 bits at most.
    assert used["LUT as memory"] <= 8


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--input-depth", "15"), "C-Core input_depth must be 16 to 65536, not 15"),
        (("--images", "1025"), "C-Core images must be 1 to 1024, not 1025"),
        (("--psum-depth", "many"), "--psum-depth must be an integer from 16 to 16384, not 'many'"),
        (("--clusters", "0"), "Array clusters must be 1 to 64, not 0"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "ccore", *arguments]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"
    assert list(tmp_path.iterdir()) == []
