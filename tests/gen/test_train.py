"""`gradgate train` from the command line."""

import json
import shutil
from pathlib import Path

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
        (
            ["--net", "lenet"],
            "--net must be one of mlp, resnet8, resnet18, resnet20, vgg6, vgg16, lenet5, lenet5-average",
        ),
        (["--engine", "tpu"], "--engine must be one of golden, float, rtl, not 'tpu'"),
        (["--engine", "rtl"], "Training engine must be one of golden, float, not 'rtl'"),
        (["--machine", "gpu"], "--machine must be one of array, taxonn, not 'gpu'"),
        (["--epochs", "1.5"], "--epochs must be an integer from 1 to 1000000, not '1.5'"),
        (["--storage", "int8"], "--storage must be one of int16, pint8, not 'int8'"),
        (
            ["--engine", "float", "--storage", "int16"],
            "Option --storage must come with --engine golden, not --engine float",
        ),
        (["--batch", "0"], "--batch must be an integer from 1 to 1000000, not '0'"),
        (["--decay", "-1"], "--decay must be a number from 0 to 1000, not '-1'"),
        (["--decay", "much"], "--decay must be a number from 0 to 1000, not 'much'"),
        (["--decay", "0", "--machine", "taxonn", "--net", "lenet5"], "Option --decay must come with --machine array"),
        (["--samples", "9"], "Option --samples must come with --machine taxonn, not --machine array"),
        (["--weight-exponent", "-17"], "--weight-exponent must be an integer from -16 to -8, not '-17'"),
        (
            ["--weight-exponent", "-14", "--machine", "taxonn", "--net", "lenet5"],
            "Option --weight-exponent must come with --machine array",
        ),
        (["--lr", "nan"], "--lr must be a number from 0 to 1000, not 'nan'"),
        (["--plot", "curve.jpeg2"], "Plot must be of a format such as .png, .svg or .pdf, not 'curve.jpeg2'"),
        (["--plot", "file/curve.png"], "Plot must be writable, but file/curve.png is not (Not a directory)"),
        (["--plot", f"{300 * 'a'}.png"], f"Plot must be writable, but {300 * 'a'}.png is not (File name too long)"),
        (
            ["--plot", f"new/{300 * 'a'}/b.png"],
            f"Plot must be writable, but new/{300 * 'a'}/b.png is not (File name too",
        ),
        (["--plot", ""], "--plot must be the path of a file, not ''"),
        (["--checkpoint", "."], "Checkpoint must not be a folder, as . is"),
        (["--checkpoint", "/dev/null"], "Checkpoint must be a plain file, unlike /dev/null"),
        (["--checkpoint", "a.png", "--plot", "a.png"], "Plot and checkpoint must be different files, not both a.png"),
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
    train(capsys, "--epochs", 2, "--checkpoint", tmp_path / "a.npz")
    before = (tmp_path / "a.npz").read_bytes()
    for option, value, rule in [
        ("--batch", 8, "Option --batch must be the checkpoint's 32, not 8"),
        ("--epochs", 1, "Option --epochs must be at least the 2 that are done, not 1"),
    ]:
        code, output = train(capsys, "--resume", tmp_path / "a.npz", option, value)
        assert code == 2
        assert output.err == f"gradgate: {rule}\n"
    assert (tmp_path / "a.npz").read_bytes() == before


def test_more_epochs_than_the_checkpoints(tmp_path, capsys):
    file = tmp_path / "a.npz"
    train(capsys, "--epochs", 1, "--checkpoint", file)
    code, output = train(capsys, "--resume", file, "--epochs", 2)
    assert code == 0
    assert "After epoch 1 of 1 the learning rates are those of a run of 2 epochs" in output.out
    code, output = train(capsys, "--resume", file, "--json")
    result = json.loads(output.out)
    assert (result["planned_epochs"], result["settings"]["epochs"]) == ([1, 2], 2)


def test_another_runs_checkpoint_stays(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train(capsys, "--epochs", 1)[0] == 0
    file = tmp_path / "build" / "train" / "mlp-golden-seed1.npz"
    before = file.read_bytes()
    for arguments in (["--epochs", 2], ["--resume", file, "--checkpoint", "build/train/../train/mlp-golden-seed1.npz"]):
        code, output = train(capsys, *arguments)
        assert (code == 2) == (arguments[0] == "--epochs")
        assert output.err == "" or output.err == (
            "gradgate: Checkpoint build/train/mlp-golden-seed1.npz must not be there yet: --resume continues it, "
            "--checkpoint names another, --force replaces it\n"
        )
    shutil.copy(file, "other.npz")
    assert train(capsys, "--resume", file, "--epochs", 2, "--checkpoint", "other.npz")[0] == 2
    assert file.read_bytes() == (tmp_path / "other.npz").read_bytes() == before
    assert train(capsys, "--epochs", 1, "--seed", 1, "--batch", 64, "--force")[0] == 0
    assert file.read_bytes() != before


def test_an_interrupt_touches_nothing(tmp_path, capsys, monkeypatch):
    files = {name: tmp_path / name for name in ("a.npz", "a.png")}
    for file in files.values():
        file.write_text("old")

    def interrupted(_, path=None, **__):
        if isinstance(path, Path):
            path.write_text("half")
        raise KeyboardInterrupt

    options = ["--checkpoint", files["a.npz"], "--plot", files["a.png"], "--force"]
    with monkeypatch.context() as patch:
        patch.setattr("sim.training.run.Run.train_epoch", interrupted)
        assert train(capsys, "--epochs", 1, *options)[0] == 130
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(files, "old")
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", interrupted)
        assert train(capsys, "--epochs", 1, *options)[0] == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)
    assert files["a.png"].read_text() == "old"
