"""The harder 28x28 set: the same bytes everywhere, no digit in both parts, labels that fit."""

import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sim.training.data import clutter
from sim.training.data.catalogue import load

DIGESTS = ("dee81f0fe87e39b0", "3d4f5b3a0f950492")


@pytest.fixture(scope="module")
def data():
    return load("clutter")


def pixels(samples):
    return samples.pixels(np.arange(len(samples)))


def test_bytes_are_the_same_on_every_machine(data):
    for samples, digest in zip((data.train, data.test), DIGESTS, strict=True):
        assert pixels(samples).dtype == np.uint8
        assert hashlib.sha256(pixels(samples).tobytes()).hexdigest()[:16] == digest


def test_parts_are_made_of_different_digits(data):
    images, labels = load_digits(return_X_y=True)
    images = np.minimum(255, 16 * images).astype(np.uint8).reshape(-1, 8, 8)
    test = np.arange(len(images)) % 5 == 4
    parts = ((data.train, ~test, clutter.TRAIN_VARIANTS), (data.test, test, clutter.TEST_VARIANTS))
    for part, (samples, chosen, count) in enumerate(parts):
        assert np.array_equal(pixels(samples), clutter.variants(images[chosen], count, part))
        assert np.array_equal(samples.labels, np.tile(labels[chosen], count))
    assert (len(data.train), len(data.test), data.shape, data.classes) == (4314, 1436, (1, 28, 28), 10)


def test_no_image_comes_twice(data):
    every = np.concatenate([pixels(data.train), pixels(data.test)])
    assert len({each.tobytes() for each in every}) == len(every)


def test_labels_fit(data):
    """The nearest class mean tells half of the test images, and by far not all."""
    train, test = (pixels(each).reshape(len(each), -1).astype(float) for each in (data.train, data.test))
    means = np.stack([train[data.train.labels == label].mean(axis=0) for label in range(10)])
    train, test, means = (each - each.mean(axis=1, keepdims=True) for each in (train, test, means))
    right = np.mean(
        (test @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(axis=1) == data.test.labels
    )
    print(f"{right:.2%}")
    assert 0.4 < right < 0.8
