"""Training of TaxoNN on files: MNIST as IDX, CIFAR-10 in binary, and what is said when they do not fit."""

import json
import struct

import numpy as np
import pytest

from gen.cli import main
from sim.training.taxonn import data as taxonn_data

SEED = 17


@pytest.fixture(autouse=True)
def fresh():
    taxonn_data.load.cache_clear()


@pytest.fixture
def mnist(tmp_path):
    """12 + 5 images of 6x4, dark above for even labels and below for odd ones."""
    for prefix, count in (("train", 12), ("t10k", 5)):
        labels = np.arange(count, dtype=np.uint8) % 2
        images = np.zeros((count, 6, 4), np.uint8)
        images[labels == 0, :3] = images[labels == 1, 3:] = 255
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
            (tmp_path / f"{prefix}-{name}-ubyte").write_bytes(header + array.tobytes())
    return tmp_path


@pytest.fixture
def cifar(tmp_path):
    rng = np.random.default_rng(SEED)
    for name in [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]:
        records = rng.integers(0, 256, (2, 3073), np.uint8)
        records[:, 0] = rng.integers(0, 10, 2)
        (tmp_path / name).write_bytes(records.tobytes())
    return tmp_path


def train(capsys, folder, *options):
    code = main(["train", "--machine", "taxonn", "--data", str(folder), "--json", *options])
    return code, capsys.readouterr()


@pytest.mark.parametrize("engine", ["golden", "float"])
def test_mnist_is_learned(mnist, capsys, engine):
    code, output = train(capsys, mnist, "--layers", "24,3,2", "--epochs", "20", "--engine", engine)
    assert code == 0
    assert json.loads(output.out)["test_accuracy"] == 100
    assert json.loads(output.out)["settings"]["data"] == str(mnist)


def test_bytes_become_values_around_zero(mnist):
    training, test, classes = taxonn_data.load(str(mnist))
    assert (training.images.shape, test.images.shape, classes) == ((12, 1, 6, 4), (5, 1, 6, 4), 2)
    assert sorted({*training.images.ravel().tolist()}) == [-1, 127 / 128]
    assert training.images[0, 0, 0, 0] > training.images[1, 0, 0, 0]


def test_cifar(cifar, capsys):
    code, output = train(capsys, cifar, "--layers", "3072,4,10", "--epochs", "1")
    assert code == 0
    assert len(json.loads(output.out)["train_accuracies"]) == 1


def test_layers_that_do_not_fit(mnist, capsys):
    code, output = train(capsys, mnist)
    assert code == 2
    expected = "Layers must begin with 24 and end with 2 for images of 1x6x4, not 64 and 10"
    assert output.err == f"gradgate: {expected}\n"


def test_maps_that_do_not_fit(cifar, capsys):
    code, output = train(capsys, cifar, "--net", "lenet5")
    assert code == 2
    expected = "Layers must begin with maps of 3 channels and end with 10 for images of 3x32x32"
    assert output.err == f"gradgate: {expected}\n"


def test_truncated_files(mnist, capsys):
    name = "train-images-idx3-ubyte"
    content = (mnist / name).read_bytes()
    (mnist / name).write_bytes(content[:-1])
    code, output = train(capsys, mnist, "--layers", "24,3,2")
    assert code == 2
    assert output.err == f"gradgate: IDX file {mnist / name} must hold 288 bytes, not 287\n"
    (mnist / name).write_bytes(content[:7])
    code, output = train(capsys, mnist, "--layers", "24,3,2")
    assert code == 2
    assert output.err == f"gradgate: IDX file {mnist / name} must begin with 16 bytes of sizes, not 7 bytes\n"


def test_truncated_cifar(cifar, capsys):
    file = cifar / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-1])
    code, output = train(capsys, cifar, "--layers", "3072,4,10")
    assert code == 2
    assert output.err == f"gradgate: CIFAR file {file} must be records of 3073 bytes, not 6145 bytes\n"
