"""`gradgate study`: loss curves for several sets of formats."""

import json

import numpy as np
import pytest
from PIL import Image

from gen.cli import main
from hw.arch.taxonn.config import Activation
from sim.charts.study import smooth
from sim.training.taxonn.study import loss


def test_wider_formats_learn_more(tmp_path, capsys):
    plot, out = tmp_path / "new" / "study.png", tmp_path / "new" / "study.json"
    sets = ["3,12/3,12", "1,4"]
    options = ["--layers", "64,12,10", "--rounding", "nearest", "--samples", "150", "--epochs", "2", "--seed", "2"]
    assert main(["study", *sets, *options, "--plot", str(plot), "--out", str(out), "--json"]) == 0
    text = capsys.readouterr().out
    assert out.read_text() == text
    result = json.loads(text)
    assert [*result["curves"]] == ["float32", *sets]
    assert result["steps"] == 300
    real, wide, narrow = (np.mean(curve["losses"][-20:]) for curve in result["curves"].values())
    assert abs(wide - real) < 0.1 < narrow - wide
    assert {len(curve["losses"]) for curve in result["curves"].values()} == {100}
    with Image.open(plot) as image:
        assert np.asarray(image.convert("L")).std() > 5


def test_losses():
    assert loss(Activation.SOFTMAX, [0, 0], 1) == pytest.approx(np.log(2))
    assert loss(Activation.SOFTMAX, [1000, 0], 0) == 0
    assert loss(Activation.SIGMOID, [0.5, 1], 0) == pytest.approx((0.25 + 1) / 2)


def test_curves_are_means_of_the_steps_before():
    steps, values = smooth(np.arange(24.0))
    assert (steps[0], values[0], steps[-1], values[-1]) == (2, 0.5, 24, 22.5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--format", "2,12"], "Formats of a study must be given as arguments, not with --format"),
        (["2,12/2,12/2,12", "--layers", "64,10"], "There must be 1 or 1 formats, one a layer, not 3"),
        (["1,12", "--lr", "0.3", "--layers", "64,10"], "Learning rate must be 0 to 0.249969 in format (1,12), not 0.3"),
        (["--plot", "study.xyz"], "Plot must be of a format such as .png, .svg or .pdf, not 'study.xyz'"),
        (["--plot", "folder.png"], "Plot must not be a folder, as folder.png is"),
        (["--out", "folder.png"], "Output file must not be a folder, as folder.png is"),
        (
            ["--out", "folder.png/file/a"],
            "Output file must be writable, but folder.png/file/a is not (Not a directory)",
        ),
        (["--out", "a.png", "--plot", "a.png"], "Output file and plot must be different files, not both a.png"),
        (["--epochs", "1.5"], "--epochs must be an integer from 1 to 1000000, not '1.5'"),
        (["--net", "resnet8"], "--net must be one of lenet5, lenet5-average, not 'resnet8'"),
        (["--data", "faces"], "Data must be digits, clutter or a folder, not 'faces'"),
    ],
)
def test_mistakes(arguments, message, capsys, tmp_path, monkeypatch):
    def work(*_):
        raise AssertionError("a mistake must be found before the work")

    monkeypatch.setattr("sim.training.taxonn.study.measure", work)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.png" / "file").write_text("")
    assert main(["study", *arguments]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder.png"]


def test_the_help_does_not_offer_what_means_nothing(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["study", "--help"])
    assert "--format" not in capsys.readouterr().out


def test_an_interrupt_touches_nothing(tmp_path, monkeypatch):
    plot = tmp_path / "old.png"
    plot.write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("sim.training.taxonn.study.measure", interrupted)
    assert main(["study", "--layers", "64,10", "--plot", str(plot), "--out", str(tmp_path / "new" / "a.json")]) == 130
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
