"""Data sets from tiny files in the real formats, and what is said when they are damaged."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from sim.training.data.catalogue import load
from sim.training.data.samples import DataError

SEED = 17


def pixels(samples):
    return samples.pixels(np.arange(len(samples)))


def write_cifar(folder, names, label_bytes, count, classes):
    rng = np.random.default_rng(SEED)
    images, labels = [], []
    for name in names:
        image = rng.integers(0, 256, (count, 3, 32, 32), np.uint8)
        label = rng.integers(0, classes, (count, label_bytes), np.uint8)
        content = np.concatenate([label, image.reshape(count, -1)], axis=1)
        (folder / name).write_bytes(content.tobytes())
        images, labels = [*images, image], [*labels, label[:, -1]]
    return np.concatenate(images), np.concatenate(labels)


def write_idx(folder, name, array, packed=False):
    content = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    if packed:
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    else:
        (folder / name).write_bytes(content)


def write_mnist(folder, packed=False):
    rng = np.random.default_rng(SEED)
    made = {}
    for prefix, count in (("train", 12), ("t10k", 5)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        write_idx(folder, f"{prefix}-images-idx3-ubyte", images, packed)
        write_idx(folder, f"{prefix}-labels-idx1-ubyte", labels, packed)
        made[prefix] = (images, labels)
    return made


def write_folder(folder, size=(6, 5), mode="RGB", test="test"):
    rng = np.random.default_rng(SEED)
    made = {}
    for part, count in (("train", 3), (test, 2)):
        for name in ("cat", "dog"):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                shape = (*size, 3) if mode == "RGB" else size
                array = rng.integers(0, 256, shape, np.uint8)
                Image.fromarray(array).save(folder / part / name / f"{number}.png")
                made[part, name, number] = array
    return made


def test_digits():
    images, labels = load_digits(return_X_y=True)
    data = load("digits")
    test = np.arange(1797) % 5 == 4
    assert (len(data.train), len(data.test), data.shape, data.classes) == (1438, 359, (1, 8, 8), 10)
    for samples, chosen in ((data.train, ~test), (data.test, test)):
        assert np.array_equal(samples.labels, labels[chosen])
        assert np.array_equal(pixels(samples).reshape(-1, 64), np.minimum(255, 16 * images[chosen].astype(int)))


def test_cifar10(tmp_path):
    names = [f"data_batch_{n}.bin" for n in range(1, 6)]
    images, labels = write_cifar(tmp_path, names, 1, 4, 10)
    test_images, test_labels = write_cifar(tmp_path, ["test_batch.bin"], 1, 3, 10)
    data = load(str(tmp_path))
    assert (data.shape, data.classes) == ((3, 32, 32), 10)
    assert np.array_equal(pixels(data.train), images)
    assert np.array_equal(data.train.labels, labels)
    assert np.array_equal(pixels(data.test), test_images)
    assert np.array_equal(data.test.labels, test_labels)


def test_cifar100(tmp_path):
    images, labels = write_cifar(tmp_path, ["train.bin"], 2, 4, 100)
    write_cifar(tmp_path, ["test.bin"], 2, 3, 100)
    data = load(str(tmp_path))
    assert data.classes == 100
    assert np.array_equal(pixels(data.train), images)
    assert np.array_equal(data.train.labels, labels)


@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path, packed):
    made = write_mnist(tmp_path, packed)
    data = load(str(tmp_path))
    assert (data.shape, data.classes) == ((1, 28, 28), 10)
    for samples, prefix in ((data.train, "train"), (data.test, "t10k")):
        assert np.array_equal(pixels(samples)[:, 0], made[prefix][0])
        assert np.array_equal(samples.labels, made[prefix][1])


@pytest.mark.parametrize("mode, channels, test", [("RGB", 3, "test"), ("L", 1, "val")])
def test_folder_of_images(tmp_path, mode, channels, test):
    made = write_folder(tmp_path, mode=mode, test=test)
    data = load(str(tmp_path))
    assert (data.shape, data.classes) == ((channels, 6, 5), 2)
    assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test.labels.tolist() == [0, 0, 1, 1]
    found = data.train.pixels(np.array([4]))[0]
    assert np.array_equal(found.transpose(1, 2, 0).squeeze(), made["train", "dog", 1])


def test_images_are_scaled_and_cut(tmp_path):
    write_folder(tmp_path, size=(40, 90))
    grey = np.zeros((40, 90), np.uint8)
    grey[:, 20:70] = 200  # what remains of the middle, and what interpolation looks at around it
    Image.fromarray(grey).save(tmp_path / "train" / "cat" / "0.png")
    data = load(str(tmp_path), (3, 20, 20))
    assert data.shape == (3, 20, 20)
    assert np.array_equal(data.train.pixels(np.array([0])), np.full((1, 3, 20, 20), 200, np.uint8))


def damage(tmp_path, what):
    """Make a data set, damage it, and give the message that is due."""
    if what == "name":
        return "mnist", "Data must be digits, clutter or a folder, not 'mnist'"
    if what == "empty":
        return tmp_path, "must hold files of CIFAR or MNIST, or a folder train, but has neither"
    if what.startswith("cifar"):
        write_cifar(tmp_path, ["train.bin"], 2, 4, 100)
        write_cifar(tmp_path, ["test.bin"], 2, 4, 100)
        if what == "cifar length":
            (tmp_path / "test.bin").write_bytes(b"x" * 4000)
            return tmp_path, "must be records of 3074 bytes, not 4000 bytes"
        content = bytearray((tmp_path / "test.bin").read_bytes())
        content[1] = 100
        (tmp_path / "test.bin").write_bytes(content)
        return tmp_path, "must be below 100, not 100"
    if what.startswith("idx"):
        write_mnist(tmp_path, packed=what == "idx gz")
        images = tmp_path / "train-images-idx3-ubyte"
        if what == "idx gz":
            (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b" + b"\0" * 30)
            return tmp_path, "t10k-images-idx3-ubyte.gz must be readable, but"
        if what == "idx cut gz":
            packed = gzip.compress(images.read_bytes())
            images.unlink()
            (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(packed[: len(packed) // 2])
            return tmp_path, "train-images-idx3-ubyte.gz must be readable, but"
        if what == "idx header":
            images.write_bytes(images.read_bytes()[:15])
            return tmp_path, "must begin with 16 bytes of sizes, not 15 bytes"
        if what == "idx nothing":
            images.write_bytes(b"")
            return tmp_path, "must hold bytes in 3 axes, not begin with nothing"
        if what == "idx sizes":
            images.write_bytes(images.read_bytes()[:4] + b"\xff" * 12)
            return tmp_path, f"must hold {(2**32 - 1) ** 3} bytes, not 0"
        if what == "idx shapes":
            write_idx(tmp_path, "t10k-images-idx3-ubyte", np.zeros((5, 28, 27), np.uint8))
            return tmp_path, r"must hold images of one shape, not \(1, 28, 28\) and \(1, 28, 27\)"
        if what == "idx label":
            write_idx(tmp_path, "t10k-labels-idx1-ubyte", np.full(5, 10, np.uint8))
            return tmp_path, "labels of the test set must be below 10, not 10"
        if what == "idx missing":
            (tmp_path / "t10k-labels-idx1-ubyte").unlink()
            return tmp_path, "must hold t10k-labels-idx1-ubyte, which is missing"
        if what == "idx magic":
            images.write_bytes(b"\0\0\x0d\x03" + images.read_bytes()[4:])
            return tmp_path, "must hold bytes in 3 axes, not begin with 00000d03"
        if what == "idx short":
            images.write_bytes(images.read_bytes()[:-1])
            return tmp_path, "must hold 9408 bytes, not 9407"
        write_idx(tmp_path, "train-labels-idx1-ubyte", np.zeros(11, np.uint8))
        return tmp_path, "must hold a label an image, not 11 for 12"
    write_folder(tmp_path)
    if what == "folder test":
        (tmp_path / "test").rename(tmp_path / "other")
        return tmp_path, "must hold a folder test or val beside train"
    if what == "folder class":
        (tmp_path / "test" / "eel").mkdir()
        return tmp_path, "must be in train too, not eel"
    if what == "folder size":
        Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "test" / "dog" / "1.png")
        return tmp_path, r"Images must have one size, 5x6, but .*1.png has \(5, 5\)"
    (tmp_path / "train" / "cat" / "0.png").write_bytes(b"no image")
    return tmp_path, "0.png must be an image, which it is not"


@pytest.mark.parametrize(
    "what",
    [
        "name",
        "empty",
        "cifar length",
        "cifar label",
        "idx gz",
        "idx missing",
        "idx magic",
        "idx short",
        "idx count",
        "idx cut gz",
        "idx header",
        "idx nothing",
        "idx sizes",
        "idx shapes",
        "idx label",
        "folder test",
        "folder class",
        "folder size",
        "folder image",
    ],
)
def test_damaged_files_are_named(tmp_path, what):
    path, message = damage(tmp_path, what)
    with pytest.raises(DataError, match=message) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)
