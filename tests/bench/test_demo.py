"""Real input: a CNN trained on the digits, all its phases on the generated C-Core, bit for bit with golden."""

import json

import numpy as np
import pytest

from bench import demo
from gen.model.layer import Layer, Phase
from sim.golden import conv
from sim.training import cnn
from sim.training.data import digits

SMALL = [
    "--clusters=2",
    "--wpus=3",
    "--rows=3",
    "--channels=2",
    "--input-depth=64",
    "--weight-depth=256",
    "--psum-depth=64",
    "--width=8",
    "--batch=3",
]


def test_every_phase_of_a_trained_network_is_bit_exact(tmp_path, capsys):
    """The whole demo on a small C-Core, whose buffers do not hold the layers."""
    assert demo.main([*SMALL, "--seed=1", f"--out={tmp_path}"]) == 0
    report = json.loads((tmp_path / "demo.json").read_text())
    assert report["accuracy"] > 0.93
    phases = {(row["layer"], row["phase"]): row for row in report["phases"]}
    assert len(phases) == 15
    assert {row["pattern"] for row in phases.values()} == {
        f"{phase}_{kind}" for phase in Phase for kind in ("S1", "S2", "POINT")
    }
    assert all(row["bit_exact"] for row in phases.values())
    assert {phase for (_, phase), row in phases.items() if row["descriptors"] > 1} == set(Phase)
    # BP reads the weights that FP read: nothing writes them again.
    backward = [row for (_, phase), row in phases.items() if phase == Phase.BP]
    assert all(row["weights_kept"] == row["descriptors"] for row in backward)
    for row in phases.values():
        assert row["cycles"] == row["formula_cycles"] + row["operand_cycles"] + row["drain_cycles"]
        assert min(row["operand_cycles"], row["drain_cycles"]) >= 0
    assert report["total"]["macs"] == sum(row["macs"] for row in phases.values())
    assert capsys.readouterr().out.count("bit-exact") == len(phases) + 1
    assert (tmp_path / "utilisation.png").read_bytes().startswith(b"\x89PNG")


def test_a_difference_is_reported(tmp_path, monkeypatch, capsys):
    """The comparison with direct convolution is made, and one wrong sum fails the demo."""
    right = conv.results

    def wrong(layer, phase, **tensors):
        values = right(layer, phase, **tensors)
        if (layer.kernel, phase) == (3, Phase.WG):
            values[-1, -1, -1, -1] += 1
        return values

    monkeypatch.setattr(conv, "results", wrong)
    monkeypatch.setattr(demo, "train", lambda width, *_, seed, **__: cnn.Cnn(width, np.random.default_rng(seed)))
    assert demo.main([*SMALL, "--batch=1", f"--out={tmp_path}"]) == 1
    out = capsys.readouterr().out
    assert (out.count("DIFFERS"), out.count("bit-exact")) == (3 + 1, 15 - 3)  # WG of the 3x3 layers, and the total


def test_split_of_the_digits():
    training, test = digits.load()
    assert (len(training), len(test)) == (1438, 359)
    assert training.images.min() == -1
    assert training.images.max() == 1


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(
    "layer", [Layer(2, 3, 4, 7, 6, 3, 2, 1), Layer(2, 3, 4, 5, 6, 3, 1, 1), Layer(3, 5, 2, 4, 4, 1, 2)]
)
def test_float_phases_equal_golden_on_small_integers(layer, phase):
    rng = np.random.default_rng(7)
    shapes = {"x": layer.x_shape, "w": layer.w_shape, "e": layer.e_shape}
    tensors = {name: rng.integers(-9, 10, shapes[name]) for name in demo.OPERANDS[phase]}
    real = cnn.floats(layer, phase, **{name: values.astype(np.float64) for name, values in tensors.items()})
    assert np.array_equal(real, conv.results(layer, phase, **tensors))


def test_errors_are_the_gradient_of_the_loss():
    """Moving a weight moves the loss as the gradient says; float64, central differences."""
    rng = np.random.default_rng(2)
    net = cnn.Cnn(4, rng)
    net.weights = {name: values.astype(np.float64) for name, values in net.weights.items()}
    some = digits.load()[0][:20]
    some = digits.Digits(some.images.astype(np.float64), some.labels)

    def loss():
        logits = net.tensors(some)[0]
        return np.sum(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(some)), some.labels])

    _, tensors = net.tensors(some)
    for name, layer in net.layers(len(some)).items():
        gradient = cnn.floats(layer, Phase.WG, x=tensors[name]["x"], e=tensors[name]["e"])
        where = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
        start, step = net.weights[name][where], 1e-6
        net.weights[name][where] = start + step
        above = loss()
        net.weights[name][where] = start - step
        below = loss()
        net.weights[name][where] = start
        assert abs((above - below) / (2 * step) / gradient[where] - 1) < 1e-4, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch=0"], "demo: --batch must be 1 to 359, not 0"),
        (["--wpus=0"], "demo: Array wpus must be 1 to 16, not 0"),
        (["--input-depth=8"], "demo: C-Core input_depth must be 16 to 65536, not 8"),
        (["--psum-depth=many"], "demo: --psum-depth must be an integer from 16 to 16384, not 'many'"),
        (["--mac=fast"], "demo: Array mac must be one of dsp, shift, generic, not 'fast'"),
        (["--out=pyproject.toml"], "demo: --out must be a folder that can be written, but pyproject.toml is not"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, capsys):
    with pytest.raises(SystemExit) as error:
        demo.main(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith(message)


def test_layers_that_do_not_fit_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "train", lambda width, *_, seed, **__: cnn.Cnn(width, np.random.default_rng(seed)))
    assert demo.main([f"--out={tmp_path}", "--input-depth=16", "--psum-depth=16"]) == 2
    assert "must fit the buffers" in capsys.readouterr().err
