"""Training runs: they learn, they resume to the bit, they say what is wrong."""

import shutil

import numpy as np
import pytest

from sim.training.data.catalogue import load
from sim.training.data.samples import DataSet, Samples
from sim.training.run import CheckpointError, Run, Settings

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
    resumed = finished(Run.resume(tmp_path / "a.npz", data))
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

    monkeypatch.setattr("sim.training.run.np.savez", broken)
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


def test_checkpoints_that_cannot_be_used(tmp_path):
    run = Run(Settings(net="mlp", data="x"), few())
    good, bad = tmp_path / "a.npz", tmp_path / "b.npz"
    run.save(good)
    with pytest.raises(CheckpointError, match=r"needs the data 96 \+ 40 images of 1x8x8 in 10 classes, not 95 \+ 40"):
        Run.resume(good, few(95))
    with pytest.raises(CheckpointError, match=r"must be a file, but .* does not exist"):
        Run.settings_of(bad)
    for content in (b"", b"something", good.read_bytes()[:-500]):
        bad.write_bytes(content)
        with pytest.raises(CheckpointError, match="must be written by gradgate train"):
            Run.settings_of(bad)
    np.savez(bad, x=np.zeros(3))
    with pytest.raises(CheckpointError, match="must be written by gradgate train"):
        Run.settings_of(bad)
    shutil.copy(good, bad)
    with np.load(good) as file:
        arrays = dict(file)
    np.savez(bad, **(arrays | {"meta": np.array(str(arrays["meta"]).replace('"version": 1', '"version": 99'))}))
    with pytest.raises(CheckpointError, match="must be of version 1, not 99"):
        Run.settings_of(bad)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"engine": "tpu"}, "Engine must be one of golden, float, not 'tpu'"),
        ({"batch": 0}, "Training batch must be at least 1, not 0"),
        ({"batch": 97}, "Training batch must be at most the 96 images, not 97"),
        ({"epochs": 0}, "Training epochs must be at least 1, not 0"),
        ({"lr": -1.0}, r"Training lr must be at least 0 and finite, not -1\.0"),
        ({"decay": float("nan")}, "Training decay must be at least 0 and finite, not nan"),
        ({"seed": -1}, "Training seed must be a word of 64 bits, not -1"),
        ({"net": "resnet20"}, "Images of resnet20 must be 3x32x32, not 1x8x8"),
        ({"storage": "int8"}, "'int8' is not a valid Storage"),
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
