"""Training runs: they learn, they resume to the bit, they say what is wrong."""

import json

import numpy as np
import pytest

from sim.training.checkpoint import Checkpoint, CheckpointError
from sim.training.data.catalogue import load
from sim.training.data.samples import DataSet, Samples
from sim.training.run import Run
from sim.training.settings import Settings

SEED = 1
ENGINES = ["golden", "float"]


def few(count=96, test=40):
    """The first digits."""
    digits = load("digits")
    parts = [(digits.train, count), (digits.test, test)]
    train, held_out = (Samples.of(s.pixels(np.arange(n)), s.labels[:n]) for s, n in parts)
    return DataSet(train, held_out, digits.shape, digits.classes)


def finished(run):
    while not run.done:
        run.train_epoch()
    return run


@pytest.mark.parametrize(
    "net, epochs, accuracy", [("resnet8", 2, 0.93), ("vgg6", 3, 0.95), ("mlp", 4, 0.95)]
)  # 3 points below what these runs reach
def test_golden_learns_the_digits(net, epochs, accuracy):
    settings = Settings(net=net, data="digits", epochs=epochs, seed=SEED, lr=Settings.default_rate(net, 32))
    run = finished(Run(settings, load("digits")))
    print(f"{net}, seed {SEED}: {run.epochs[-1].test_accuracy:.2%} after {epochs} epochs")
    assert run.epochs[-1].test_accuracy > accuracy
    losses = [each.loss for each in run.epochs]
    assert losses == sorted(losses, reverse=True)


def test_pint8_storage_learns_too():
    settings = Settings(net="mlp", data="digits", epochs=4, seed=SEED, storage="pint8")
    assert finished(Run(settings, load("digits"))).epochs[-1].test_accuracy > 0.93


def test_float_learns_from_the_same_start():
    settings = Settings(net="mlp", data="digits", engine="float", epochs=4, seed=SEED)
    float_run, golden_run = (Run(s, load("digits")) for s in (settings, Settings(net="mlp", data="digits")))
    for number in (1, 2, 3):
        expected = np.ldexp(golden_run.engine.parameters()[f"{number}.w"].astype(np.float32), -12)
        assert np.array_equal(float_run.engine.values[f"{number}.w"], expected)
    assert finished(float_run).epochs[-1].test_accuracy > 0.95


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", [1, 8, 32])
def test_same_settings_same_digest(engine, batch):
    digests = set()
    for seed in (SEED, SEED, SEED + 1):
        data = few(max(24, batch))
        run = finished(Run(Settings(net="vgg6", data="x", engine=engine, batch=batch, epochs=1, seed=seed), data))
        digests.add((seed, run.engine.digest()))
    assert len(digests) == len({digest for _, digest in digests}) == 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("storage", ["int16", "pint8"])
def test_a_resumed_run_is_the_same_to_the_bit(tmp_path, engine, storage):
    settings = Settings(net="resnet8", data="x", engine=engine, epochs=3, seed=SEED, storage=storage, decay=1e-4)
    data = few()
    whole = Run(settings, data)
    whole.train_epoch()
    whole.save(tmp_path / "a.npz")
    finished(whole)
    resumed = finished(Run.resume(Checkpoint.load(tmp_path / "a.npz"), data))
    assert resumed.settings == settings
    assert resumed.epochs == whole.epochs
    assert resumed.engine.digest() == whole.engine.digest()
    expected, found = whole.engine.state(), resumed.engine.state()
    assert expected.keys() == found.keys()
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_a_checkpoint_is_whole_or_not_there(tmp_path, monkeypatch):
    run = Run(Settings(net="mlp", data="x", epochs=1), few())
    run.save(tmp_path / "a.npz")
    before = (tmp_path / "a.npz").read_bytes()

    def broken(*_, **__):
        raise OSError("no space")

    monkeypatch.setattr("sim.training.checkpoint.np.savez", broken)
    with pytest.raises(OSError, match="no space"):
        run.save(tmp_path / "a.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (tmp_path / "a.npz").read_bytes() == before


def test_decay_shrinks_the_weights():
    data, sizes = few(), []
    for decay in (0.0, 0.01):
        run = finished(Run(Settings(net="mlp", data="x", epochs=3, decay=decay, seed=SEED), data))
        sizes.append(np.abs(run.engine.parameters()["1.w"]).astype(np.int64).sum())
    assert sizes[1] < 0.99 * sizes[0]


def checkpoint(path, epochs=1, **settings):
    """A checkpoint of a run of few images, written by `path`."""
    run = Run(Settings(**{"net": "mlp", "data": "x", "epochs": 2, **settings}), few())
    for _ in range(epochs):
        run.train_epoch()
    run.save(path)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint after one of two epochs."""
    return checkpoint(tmp_path_factory.mktemp("checkpoint") / "a.npz")


def altered(path, good, change):
    """The checkpoint `path`: that of `good` after `change`, which takes the text beside the arrays and the arrays."""
    with np.load(good) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("meta")))
    change(meta, arrays)
    np.savez(path, **(arrays | {"meta": np.array(json.dumps(meta))}))
    return path


def test_files_that_are_no_checkpoints(tmp_path, written):
    bad = tmp_path / "b.npz"
    with pytest.raises(CheckpointError, match=r"^Checkpoint must be a file, but .*b.npz does not exist$"):
        Checkpoint.load(bad)
    with pytest.raises(CheckpointError, match=r"^Checkpoint must be readable, but .* is not \(Is a directory\)$"):
        Checkpoint.load(tmp_path)
    np.savez(tmp_path / "x.npz", x=np.zeros(3))
    np.savez(tmp_path / "objects.npz", meta=np.array([{}, 1], dtype=object))
    np.save(tmp_path / "array.npy", np.zeros(3))
    others = [(tmp_path / name).read_bytes() for name in ("x.npz", "objects.npz", "array.npy")]
    whole = written.read_bytes()
    broken = [b"", b"something", whole[:-500], whole[:1000] + bytes(100) + whole[1100:]]
    for content in [*others, *broken]:
        bad.write_bytes(content)
        with pytest.raises(CheckpointError, match="must be written by gradgate train"):
            Checkpoint.load(bad)
    with pytest.raises(CheckpointError, match=r"needs the data 96 \+ 40 images of 1x8x8 in 10 classes, not 95 \+ 40"):
        Run.resume(Checkpoint.load(written), few(95))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda m, a: m.update(version=99), "Key version of checkpoint F must be an integer from 1 to 2, not 99"),
        (lambda m, a: m.pop("version"), "Checkpoint F must have the key version"),
        (lambda m, a: m.update(speed=1), "Checkpoint F must not have the key speed"),
        (lambda m, a: m.pop("settings"), "Checkpoint F must have the key settings"),
        (lambda m, a: m.update(settings=[1]), "Key settings of checkpoint F must be an object, not [1]"),
        (lambda m, a: m["settings"].pop("net"), "Checkpoint F must have the key settings.net"),
        (
            lambda m, a: m["settings"].update(batch="8"),
            "Key settings.batch of checkpoint F must be an integer, not '8'",
        ),
        (
            lambda m, a: m["settings"].update(seed=True),
            "Key settings.seed of checkpoint F must be an integer, not True",
        ),
        (
            lambda m, a: m["settings"].update(lr=None),
            "Key settings.lr of checkpoint F must be a finite number, not None",
        ),
        (lambda m, a: m["settings"].update(speed=1), "Checkpoint F must not have the key settings.speed"),
        (lambda m, a: m["settings"].update(batch=0), "Training batch must be at least 1, not 0, in the settings of"),
        (lambda m, a: m["settings"].update(net="lenet"), "Training net must be one of mlp, resnet8"),
        (lambda m, a: m["settings"].update(storage="int8"), "Training storage must be one of int16, pint8, not 'int8'"),
        (lambda m, a: m["settings"].update(engine="float"), "Checkpoint F must not have the array step"),
        (lambda m, a: m["settings"].update(batch=97), "Training batch must be at most the 96 images, not 97"),
        (lambda m, a: m.update(images=5), "Key images of checkpoint F must be a text, not 5"),
        (lambda m, a: m.update(epochs={}), "Key epochs of checkpoint F must be a list, not {}"),
        (lambda m, a: m.update(epochs=[3]), "Key epochs[0] of checkpoint F must be an object, not 3"),
        (lambda m, a: m["epochs"][0].pop("loss"), "Checkpoint F must have the key epochs[0].loss"),
        (lambda m, a: m["epochs"][0].update(x=1), "Checkpoint F must not have the key epochs[0].x"),
        (lambda m, a: m.update(epochs=3 * m["epochs"]), "Key epochs of checkpoint F must be at most the 2 of the"),
        (lambda m, a: m.update(epochs=[]), "Array step of checkpoint F must be 0, 3 an epoch, not 3"),
        (lambda m, a: a.pop("1.w"), "Checkpoint F must have the array 1.w"),
        (lambda m, a: a.update(x=np.zeros(2)), "Checkpoint F must not have the array x"),
        (
            lambda m, a: a.update({"1.w": a["1.w"][:3] / 2}),
            "Array 1.w of checkpoint F must be int64 of 128x64x1x1, not float64 of 3x64x1x1",
        ),
        (lambda m, a: a.update(ref=np.zeros(2)), "Array ref of checkpoint F must be one int64, not float64 of 2"),
        (lambda m, a: a["2.v"].fill(-32769), "Array 2.v of checkpoint F must be of 16 bits, but holds -32769"),
        (lambda m, a: a["1.v.exponent"].fill(10**9), "Array 1.v.exponent of checkpoint F must be of 12 bits, but"),
        (lambda m, a: a["3.bias"].fill(1 << 31), "Array 3.bias of checkpoint F must be of 32 bits, but holds 2147"),
        (
            lambda m, a: a.update(histories=a["histories"] + 1),
            "Array histories of checkpoint F must be of the layers and tensors of the network, but names others",
        ),
    ],
)
def test_checkpoints_that_cannot_be_used(tmp_path, written, change, message):
    bad = altered(tmp_path / "b.npz", written, change)
    with pytest.raises(CheckpointError) as caught:
        Run.resume(Checkpoint.load(bad), few())
    assert str(caught.value).startswith(message.replace("F", str(bad), 1))
    assert str(bad) in str(caught.value)


def test_a_checkpoint_of_version_1_goes_on(tmp_path, written):
    def change(meta, _):
        meta["version"] = 1
        for epoch in meta["epochs"]:
            del epoch["planned"]

    data, old = few(), altered(tmp_path / "old.npz", written, change)
    runs = [finished(Run.resume(Checkpoint.load(path), data)) for path in (written, old)]
    assert runs[0].epochs == runs[1].epochs
    assert runs[0].engine.digest() == runs[1].engine.digest()


@pytest.mark.parametrize("engine", ENGINES)
def test_more_epochs_have_the_rates_of_a_run_of_so_many(tmp_path, engine):
    data = few()

    def settings(epochs):
        return Settings(net="mlp", data="x", engine=engine, epochs=epochs, seed=SEED)

    def rates_to(run, epochs):
        """Train up to so many epochs; return the rates of the steps."""
        with pytest.MonkeyPatch.context() as patch:
            train, rates = run.engine.train, []
            patch.setattr(run.engine, "train", lambda *args: rates.append(args[2]) or train(*args))
            while len(run.epochs) < epochs:
                run.train_epoch()
        return rates

    short, whole = (Run(settings(epochs), data) for epochs in (3, 5))
    for run, name in ((short, "3.npz"), (whole, "3of5.npz")):
        rates_to(run, 3)
        run.save(tmp_path / name)
    more, again, stopped = (Run.resume(Checkpoint.load(tmp_path / f"{n}.npz"), data, 5) for n in ("3", "3", "3of5"))
    found, *others = [rates_to(run, 5) for run in (whole, more, again, stopped)]
    assert more.engine.digest() == again.engine.digest()
    assert [each.planned for each in more.epochs] == [3, 3, 3, 5, 5]
    assert more.epochs[:3] == short.epochs
    steps = [settings(5).rate(step, 5 * more.steps) / 32 for step in range(3 * more.steps, 5 * more.steps)]
    assert [found, *others] == 4 * [steps]
    assert more.engine.digest() != whole.engine.digest()  # epochs 1 to 3 had the rates of a run of 3
    # Planned from the start, a run that stopped at 3 of 5 ends where it would have.
    assert stopped.engine.digest() == whole.engine.digest()
    assert stopped.epochs == whole.epochs


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"engine": "tpu"}, "Training engine must be one of golden, float, not 'tpu'"),
        ({"batch": 0}, "Training batch must be at least 1, not 0"),
        ({"batch": 97}, "Training batch must be at most the 96 images, not 97"),
        ({"epochs": 0}, "Training epochs must be at least 1, not 0"),
        ({"lr": -1.0}, r"Training lr must be at least 0 and finite, not -1\.0"),
        ({"decay": float("nan")}, "Training decay must be at least 0 and finite, not nan"),
        ({"seed": -1}, "Training seed must be a word of 64 bits, not -1"),
        ({"net": "resnet20"}, "Images of resnet20 must be 3x32x32, not 1x8x8"),
        ({"storage": "int8"}, "Training storage must be one of int16, pint8, not 'int8'"),
    ],
)
def test_wrong_settings(wrong, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Run(Settings(**({"net": "mlp", "data": "x"} | wrong)), few())


def test_rate_falls_along_half_a_cosine():
    settings = Settings(net="mlp", data="x", lr=0.1)
    assert settings.rate(0, 10) == 0.1
    assert abs(settings.rate(5, 10) - 0.05) < 1e-12
    assert [Settings.default_rate("resnet8", batch) for batch in (1, 8, 32, 64)] == [0.0025, 0.02, 0.08, 0.08]
    assert [Settings.default_rate("vgg6", batch) for batch in (1, 8, 32)] == [0.0025, 0.02, 0.02]
