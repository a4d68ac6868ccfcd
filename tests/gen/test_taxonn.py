"""TaxoNN on the command line: Verilog and manifest, training by three engines, mistakes in one sentence."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gen.cli import main
from gen.commands.generate import generate
from gen.commands.options import taxonn
from gen.cost.synthesis import YOSYS
from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from sim.golden.taxonn.network import weights_digest


def test_generate(tmp_path, capsys):
    options = ["--layers", "3,4,2", "--activation", "tanh,softmax", "--format", "2,12/3,10"]
    assert main(["generate", "taxonn", *options, "--out", str(tmp_path)]) == 0
    assert "taxonn: 6 MACs a cycle" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["parameters"] == {
        "layers": [3, 4, 2],
        "activations": ["tanh", "softmax"],
        "formats": [[2, 12], [3, 10]],
        "rounding": "stochastic",
        "conversion": "nearest",
        "convolutions": [],
    }
    ports = {port["name"]: port["width"] for port in manifest["ports"]}
    assert (ports["s_axis_sample_tdata"], ports["m_axis_result_tdata"], ports["s_axil_awaddr"]) == (16, 16, 32)
    script = "read_verilog taxonn.v; hierarchy -check -top taxonn; proc; check -assert"
    subprocess.run([*YOSYS, "-q", "-p", script], cwd=tmp_path, check=True)


def test_defaults_are_those_of_the_paper(tmp_path):
    text = generate("taxonn", TaxonnConfig((2, 1), ("relu",), (FixedFormat(2, 12),)))["manifest.json"]
    assert json.loads(text)["parameters"]["rounding"] == "stochastic"


def train(capsys, *options):
    assert main(["train", "--machine", "taxonn", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("activation, lowest", [("relu", 88), ("linear", 85)])
def test_defaults_learn(activation, lowest, capsys):
    result = train(capsys, "--activation", f"{activation},softmax", "--epochs", "1", "--seed", "2")
    assert result["test_accuracy"] > lowest


@pytest.mark.parametrize("engine", ["golden", "float"])
def test_train(engine, tmp_path, capsys):
    plot = tmp_path / "curve.png"
    result = train(capsys, "--engine", engine, "--epochs", "1", "--seed", "3", "--plot", str(plot))
    assert result["test_accuracy"] > 80
    assert len(result["weights_digest"]) == 64
    assert len(result["train_accuracies"]) == 1
    assert "cycles" not in result
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def shown(monkeypatch):
    """What the command shows while it works."""
    lines = []
    monkeypatch.setattr("gen.progress.Progress.show", lambda self, what: lines.append(what))
    return lines


def test_progress_and_weights(shown, tmp_path, capsys):
    file = tmp_path / "new" / "weights.npz"
    options = ["--layers", "64,3,10", "--epochs", "2", "--samples", "20"]
    assert main(["train", "--machine", "taxonn", *options, "--checkpoint", str(file)]) == 0
    assert f"kept in {file}" in capsys.readouterr().out
    assert shown[0] == "golden engine, epoch 1 of 2, step 1 of 20"
    assert len(shown) == 40
    assert re.fullmatch(r"golden engine, epoch 2 of 2, step 20 of 20, \d+ s left", shown[-1])
    with np.load(file) as found:
        assert found["weights_1"].shape == (3, 65)
        result = json.loads(str(found["meta"]))
        assert weights_digest([found["weights_1"], found["weights_2"]]) == result["weights_digest"]
    before = file.read_bytes()
    assert main(["train", "--machine", "taxonn", *options, "--checkpoint", str(file)]) == 2
    assert "must not be there yet: --checkpoint names another, --force replaces it" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_the_compiler_is_missed_before_the_work(shown, tmp_path, monkeypatch, capsys):
    (tmp_path / "make").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["train", "--machine", "taxonn", "--engine", "rtl"]) == 2
    sentence = "Simulator verilator needs g++, which this machine does not have on its PATH"
    assert capsys.readouterr().err == f"gradgate: {sentence}\n"
    assert shown == []


def test_convolutions_are_trained_by_the_verilog(shown, capsys):
    layers = ("--layers", "8x8x1,conv3k3p1,pool2,conv2k2,10", "--activation", "tanh,relu,softmax")
    forms = ("--format", "2,12/1,10/3,10", "--conversion", "stochastic")
    result = train(capsys, *layers, *forms, "--engine", "rtl", "--epochs", "1", "--samples", "3")
    assert result["weights_digest"] == result["golden_digest"]
    assert result["cycles"]["forward"] % 3 == 0
    assert "rtl engine, compiling the simulator" in shown
    assert shown[-1].startswith("golden engine, epoch 1 of 1, step 3 of 3")


@pytest.mark.full_size
def test_digits_are_learned_by_the_verilog(capsys):
    """64-32-10 from scratch on the generated Verilog: at least 94 %, the bits of golden, within 1 point of float."""
    options = ("--layers", "64,32,10", "--epochs", "4", "--seed", "1")
    real = train(capsys, *options, "--engine", "float")
    result = train(capsys, *options, "--engine", "rtl")
    print(f"rtl {result['test_accuracy']} %, float32 {real['test_accuracy']} %, cycles {result['cycles']}")
    assert result["weights_digest"] == result["golden_digest"]
    assert result["test_accuracy"] >= 94
    assert abs(result["test_accuracy"] - real["test_accuracy"]) <= 1
    steps = 4 * 1438
    assert result["cycles"] == {"forward": 126 * steps, "backward": 80 * steps, "update": 37 * steps}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ("generate", "taxonn", "--layers", "64,x"),
            "A layer must be a size, convMkK, convMkKpP, poolP or avgP, not 'x'",
        ),
        (("generate", "taxonn", "--layers", "64,0,10"), "Size of a layer must be 1 to 4095, not 0"),
        (("generate", "taxonn", "--format", "0,0"), "Integer bits of a format must be 1 to 8, not 0"),
        (("generate", "taxonn", "--format", "12"), "A format must be two integers I,F such as 2,12, not '12'"),
        (
            ("generate", "taxonn", "--activation", "swish"),
            "An activation must be one of relu, sigmoid, tanh, linear, softmax, not 'swish'",
        ),
        (
            ("generate", "taxonn", "--net", "alexnet"),
            "Network of taxonn must be one of lenet5, lenet5-average, not 'alexnet'",
        ),
        (
            ("generate", "taxonn", "--net", "lenet5", "--layers", "4,2"),
            "Options --net and --layers must not come together",
        ),
        (
            ("generate", "taxonn", "--layers", "4x4x1,conv2k5,3"),
            "Convolution kernel must be at most the padded input 4x4, not 5",
        ),
        (
            ("generate", "taxonn", "--layers", "4x4x1,conv2k2,avg4,3"),
            "Pool must be at most the 3x3 sums of its convolution, not 4",
        ),
        (("generate", "taxonn", "--rounding", "up"), "Rounding must be one of nearest, stochastic, not 'up'"),
        (("generate", "taxonn", "--conversion", "up"), "Conversion must be one of nearest, stochastic, not 'up'"),
        (
            ("train", "--machine", "taxonn", "--layers", "4,2"),
            "Layers must begin with 64 and end with 10 for the digits, not 4 and 2",
        ),
        (("train", "--machine", "taxonn", "--data", "faces"), "Data must be digits, clutter or a folder, not 'faces'"),
        (("train", "--machine", "taxonn", "--epochs", "0"), "--epochs must be an integer from 1 to 1000000, not '0'"),
        (
            ("train", "--machine", "taxonn", "--lr", "0.6"),
            "Learning rate must be 0 to 0.499969 in format (2,12), not 0.6",
        ),
        (
            ("train", "--machine", "taxonn", "--lr", "inf"),
            "--lr must be a number from 0 to 1000, not 'inf'",
        ),
        (
            ("train", "--machine", "taxonn", "--checkpoint", "/dev/null"),
            "Checkpoint must be a plain file, unlike /dev/null",
        ),
        (
            ("train", "--machine", "taxonn", "--net", "resnet8"),
            "Network of taxonn must be one of lenet5, lenet5-average, not 'resnet8'",
        ),
        (("train", "--layers", "64,10"), "Option --layers must come with --machine taxonn, not --machine array"),
        (
            ("train", "--machine", "taxonn", "--seed", "-1"),
            f"--seed must be an integer from 0 to {2**64 - 1}, not '-1'",
        ),
        (
            ("train", "--machine", "taxonn", "--plot", "curve.what"),
            "Plot must be of a format such as .png, .svg or .pdf, not 'curve.what'",
        ),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(list(arguments)) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"
    assert list(Path().iterdir()) == []


def test_fields_are_those_of_the_configuration():
    assert all(hasattr(TaxonnConfig((1, 1), ("relu",), (FixedFormat(2, 12),)), name) for name in taxonn.FIELDS)
