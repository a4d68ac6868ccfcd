"""`gradgate train` from the command line."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gen.cli import main


def train(capsys, *arguments):
    """Exit code and output of a run."""
    code = main(["train", "--net", "mlp", *map(str, arguments)])
    return code, capsys.readouterr()


def test_json_ends_with_one_object(tmp_path, capsys):
    code, output = train(capsys, "--epochs", 2, "--json", "--checkpoint", tmp_path / "a.npz", "--seed", 3)
    result = json.loads(output.out)
    assert code == 0
    assert result["test_accuracy"] > 85
    assert len(result["losses"]) == 2
    assert len(bytes.fromhex(result["weights_digest"])) == 32
    assert result["settings"]["seed"] == 3
    assert "accuracy" in output.err


def test_a_resumed_run_gives_the_same_digest(tmp_path, capsys, monkeypatch):
    from sim.training.run import Run

    monkeypatch.chdir(tmp_path)
    copies, save = [], Run.save

    def keep(self, path):
        save(self, path)
        copies.append(shutil.copy(path, tmp_path / f"after{len(self.epochs)}.npz"))

    monkeypatch.setattr(Run, "save", keep)
    _, output = train(capsys, "--epochs", 3, "--json")
    assert (tmp_path / "build" / "train" / "mlp-golden-seed1.npz").is_file()
    _, resumed = train(capsys, "--resume", tmp_path / "after1.npz", "--checkpoint", "b.npz", "--json")
    whole, resumed = json.loads(output.out), json.loads(resumed.out)
    assert resumed["weights_digest"] == whole["weights_digest"]
    assert resumed["losses"] == whole["losses"]


def test_table_and_plot(tmp_path, capsys):
    plot = tmp_path / "curve.png"
    arguments = ("--engine", "float", "--epochs", 2, "--checkpoint", tmp_path / "a.npz", "--plot", plot)
    code, output = train(capsys, *arguments)
    assert code == 0
    assert len(output.out.splitlines()) == 4
    assert output.out.splitlines()[-1].startswith("Test accuracy ")
    with Image.open(plot) as image:
        assert image.size == (900, 400)
        assert np.asarray(image.convert("L")).std() > 5


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--data", "nothing"], "Data must be digits, clutter or a folder, not 'nothing'"),
        (["--net", "vgg16"], "Images of vgg16 must be 3x32x32, not 1x8x8"),
        (["--net", "lenet"], "argument --net: invalid choice: 'lenet'"),
        (["--batch", "0"], "Training batch must be at least 1, not 0"),
        (["--decay", "-1"], "Training decay must be at least 0 and finite, not -1.0"),
        (["--decay", "much"], "argument --decay: invalid float value: 'much'"),
        (["--decay", "0", "--machine", "taxonn", "--net", "lenet5"], "Option --decay must come with --machine array"),
        (["--samples", "9"], "Option --samples must come with --machine taxonn, not --machine array"),
        (["--weight-exponent", "-17"], "Training weight exponent must be -16 to -8, not -17"),
        (
            ["--weight-exponent", "-14", "--machine", "taxonn", "--net", "lenet5"],
            "Option --weight-exponent must come with --machine array",
        ),
        (["--lr", "nan"], "Training lr must be at least 0 and finite, not nan"),
        (["--plot", "curve.jpeg2"], "Plot must be of a format such as .png, .svg or .pdf, not 'curve.jpeg2'"),
        (["--plot", "missing/curve.png"], "Plot must be writable, but missing/curve.png is not"),
        (["--resume", "none.npz"], "Checkpoint must be a file, but none.npz does not exist"),
        (["--checkpoint", "file/a.npz"], "Checkpoint must be writable, but file/a.npz is not"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    code, output = train(capsys, "--epochs", 1, *arguments)
    assert code == 2
    assert output.err.splitlines()[-1].startswith(f"gradgate: {message}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_options_must_agree_with_the_checkpoint(tmp_path, capsys):
    train(capsys, "--epochs", 1, "--checkpoint", tmp_path / "a.npz")
    code, output = train(capsys, "--resume", tmp_path / "a.npz", "--batch", 8)
    assert code == 2
    assert output.err == "gradgate: Option --batch must be the checkpoint's 32, not 8\n"
