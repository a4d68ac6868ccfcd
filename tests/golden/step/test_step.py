"""The whole golden step: against floating point, against itself, and what it must not do."""

import math
from fractions import Fraction

import numpy as np
import pytest

from gen.model.network import Conv, Fc, Input, Network, Pool, PoolKind
from gen.model.zoo import CIFAR_SHAPE, build
from hw.arch.scalars import Factor
from hw.arch.tensors import TensorClass
from sim.golden import conv
from sim.golden.step.initial import images
from sim.golden.step.nodes import total
from sim.golden.step.schedule import Backpropagation
from sim.golden.step.step import GoldenNetwork
from sim.golden.step.update import Storage
from sim.golden.tensor import Tensor
from sim.training.data import catalogue as data
from sim.training.float32 import FloatNetwork

SEED = 16

#: Every kind of node: overlapping max pool, identity, shortcut, average pool, hidden FC, colour, odd sizes.
EVERY_KIND = Network(
    "every kind",
    (
        Input(3, 9, 7),
        Conv(0, 6, 5),
        Pool(1, PoolKind.MAX, 3, 1, 1),
        Conv(2, 6),
        Conv(3, 6, add=2),
        Conv(4, 8, stride=2),
        Conv(4, 8, 1, 2, tlu=False),
        Conv(5, 8, add=6),
        Pool(7, PoolKind.AVERAGE, 2, 1),
        Fc(8, 12, tlu=True),
        Fc(9, 5),
    ),
)
NETWORKS = {
    "every kind": EVERY_KIND,
    "mlp": build("mlp", (1, 8, 8), 10),
    "resnet8": build("resnet8", (1, 8, 8), 10),
    "vgg6": build("vgg6", (1, 8, 8), 10),
}


def batch(network, size, seed=SEED):
    """Bright blobs whose place depends on the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, network.shapes[-1][0], size)
    pixels = rng.integers(0, 120, (size, *network.shapes[0]))
    flat = pixels.reshape(size, -1)
    flat[np.arange(size), labels * 3] = 255
    flat[np.arange(size), labels * 3 + 1] = 230
    return pixels.astype(np.uint8), labels


def warmed(network, size=16, steps=3, **options):
    """A golden network whose scales have settled, its weights as they were."""
    golden = GoldenNetwork(network, SEED, **options)
    for _ in range(steps):
        golden.step(*batch(network, size), Factor.nearest(0))
    return golden


def floats_of(network, golden):
    """The float network with the PINT8 weights of a golden one, in float64."""
    other = FloatNetwork(network, SEED)
    for name in other.values:
        number, kind = name.split(".")
        node = golden.nodes[int(number)]
        tensor = node.weights.w8 if kind == "w" else Tensor(node.parameters[kind].value, -24)
        other.values[name] = np.ldexp(tensor.t.astype(np.float64), tensor.e)
    return other


def float_gradients(other, pixels, labels):
    logits = other.logits(pixels)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    other.backward(p / p.sum(axis=1, keepdims=True), labels)
    return dict(other.gradients)


def mean_loss(other, pixels, labels):
    logits = other.logits(pixels)
    logits = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]).sum())


@pytest.mark.parametrize("name", NETWORKS)
def test_float_gradients_are_finite_differences(name):
    network = NETWORKS[name]
    other = floats_of(network, warmed(network, steps=1))
    pixels, labels = batch(network, 4)
    gradients = float_gradients(other, pixels, labels)
    rng = np.random.default_rng(SEED)
    found, expected = [], []
    for each, gradient in gradients.items():
        value = other.values[each]
        for place in rng.integers(0, value.size, 6):
            index, kept, losses = np.unravel_index(place, value.shape), value.flat[place], []
            for sign in (1, -1):
                value[index] = kept + sign * 1e-6
                losses.append(mean_loss(other, pixels, labels))
            value[index] = kept
            expected.append((losses[0] - losses[1]) / 2e-6)
            found.append(gradient[index])
    deviation = np.abs(np.array(found) - expected) / np.abs(expected).max()
    # A pixel on the threshold of a TLU or a tie of a max pool may differ.
    assert np.quantile(deviation, 0.97) < 1e-4


def direction(found, expected):
    """(cosine, ratio of lengths) of two gradients."""
    found, expected = np.ravel(found), np.ravel(expected)
    lengths = np.linalg.norm(found), np.linalg.norm(expected)
    return found @ expected / (lengths[0] * lengths[1]), lengths[0] / lengths[1]


def real(tensor):
    return np.ldexp(tensor.t.astype(np.float64), tensor.e)


@pytest.mark.parametrize("name", ["mlp", "resnet8", "vgg6"])
def test_gradients_point_where_those_of_floats_do(name):
    """Through all layers, after some training: what is left is the noise of PINT8 and of thresholds that it crosses."""
    network, train = NETWORKS[name], data.load("digits").train
    golden = GoldenNetwork(network, SEED)
    for step in range(60):
        index = np.arange(16) + 16 * step
        golden.step(train.pixels(index), train.labels[index], Factor.nearest(0.05 / 16))
    pixels, labels = train.pixels(np.arange(32)), train.labels[:32]
    expected = float_gradients(floats_of(network, golden), pixels, labels)
    golden.gradients(pixels, labels)
    cosines = []
    for each, gradient in expected.items():
        number, kind = each.split(".")
        node = golden.nodes[int(number)]
        found = real(node.gradient if kind == "w" else Tensor(*node.gained[kind]))
        cosine, ratio = direction(found, gradient)
        assert 0.7 < ratio < 1.4, (each, ratio)
        cosines.append(cosine)
    print(f"{name}: cosines {min(cosines):.4f} to {max(cosines):.4f}")
    assert min(cosines) > 0.8
    assert np.mean(cosines) > 0.93


def recorded(golden, pixels, labels):
    """Gradients of a batch; what went in and out of each node, and (wide, PINT8) of each tensor."""
    calls, tensors = {}, {}
    quantise = golden.scales.quantise

    def keep(layer, kind, wide):
        tensors[layer, kind.name] = (wide, quantise(layer, kind, wide))
        return tensors[layer, kind.name][1]

    def spy(number, node):
        forward, backward = node.forward, node.backward

        def run_forward(*sources):
            calls[number] = [sources, forward(*sources)]
            return calls[number][1]

        def run_backward(dz, *to):
            calls[number].append(dz)
            return backward(dz, *to)

        node.forward, node.backward = run_forward, run_backward

    golden.scales.quantise = keep
    for number, node in golden.nodes.items():
        spy(number, node)
    golden.gradients(pixels, labels)
    return calls, tensors


@pytest.mark.parametrize("size", [1, 8, 32])
def test_each_conv_is_close_to_its_formulas(size):
    """With the integers that it got as real numbers: outputs, errors and gradients within the noise of PINT8."""
    network = EVERY_KIND
    golden = warmed(network, size)
    calls, tensors = recorded(golden, *batch(network, size))
    for number, node in golden.nodes.items():
        if not isinstance(network.nodes[number], Conv):
            continue
        (x, *added), out, dz = calls[number]
        layer, w = node.layer, node.weights.w8
        y = np.ldexp(conv.forward(x.t, w.t, layer.stride, layer.padding).astype(np.float64), x.e + w.e)
        nu = np.abs(y).mean(axis=(2, 3), keepdims=True)
        gamma, dy = np.ones((layer.out_channels, 1, 1)), real(dz)
        x_hat = y / nu
        z = x_hat + sum(real(each) for each in added)
        if network.nodes[number].tlu:
            dy = dy * (z >= 0)
            z = np.maximum(z, 0)
        dgamma = (dy * x_hat).sum(axis=(2, 3), keepdims=True)
        e = gamma / nu * (dy - np.sign(x_hat) * dgamma / (y.shape[2] * y.shape[3]))
        checks = {
            "activation": (real(out), z),
            "wide error": (real(tensors[number, "E"][0]), e),
            "error": (real(tensors[number, "E"][1]), e),
            "gradient": tuple(real(each) for each in tensors[number, "G"]),
            "dgamma": (real(Tensor(*node.gained["gamma"])), dgamma.sum(axis=(0, 2, 3))),
            "dbeta": (real(Tensor(*node.gained["beta"])), dy.sum(axis=(0, 2, 3))),
        }
        for what, pair in checks.items():
            cosine, ratio = direction(*pair)
            assert cosine > 0.99, (number, what, cosine)
            assert abs(ratio - 1) < 0.05, (number, what, ratio)


def test_the_step_is_free_of_floats():
    golden = warmed(EVERY_KIND)
    state = golden.state() | golden.parameters()
    assert {array.dtype.kind for array in state.values()} == {"i"}


def test_histories_at_the_start():
    """numerics.md Section 4: A -8, E -4 or 0 for the BP result of an FC, G +2, V -14; the scale inside FRN -12."""
    history = {
        (number, kind.name): value for (number, kind), value in GoldenNetwork(EVERY_KIND, SEED).scales.history.items()
    }
    convs, keys = {1, 3, 4, 5, 6, 7}, set(EVERY_KIND.key_nodes)
    expected = {(n, "A"): -8 for n in (convs | {8, 9})}  # not the max pool, whose output keeps its exponent
    expected |= {(n, "E"): -4 for n in (convs | {2})} | {(8, "E"): 0, (9, "E"): 0}
    expected |= {(n, "G"): 2 for n in keys} | {(n, "V"): -14 for n in keys} | {(n, "DY"): -12 for n in convs}
    expected |= {(4, "BLOCK"): -4, (7, "BLOCK"): -4, (6, "SHORTCUT"): -4}
    assert {key: value for key, value in history.items() if key[1] != "W8"} == expected
    assert {key[0] for key in history if key[1] == "W8"} == keys


def test_histories_after_a_step():
    """What each tensor needs, by its own bits: 12 for PINT8, 20 inside FRN; relative to the loss error for errors."""
    golden = GoldenNetwork(EVERY_KIND, SEED)
    calls, tensors = recorded(golden, *batch(EVERY_KIND, 8))
    history, ref = golden.scales.history, golden.scales.ref
    for (layer, name), (wide, _) in tensors.items():
        exponents = np.broadcast_to(wide.e, wide.t.shape).ravel().tolist()
        lengths = [abs(t).bit_length() + e for t, e in zip(wide.t.ravel().tolist(), exponents, strict=True) if t]
        assert history[layer, TensorClass[name]] == max(lengths) - 12 - (0 if name == "A" else ref), (layer, name)
    for number in (1, 3, 5):  # convs whose dy is that of their own TLU
        dz = calls[number][2]
        dy = np.where(golden.nodes[number].passed, dz.t, 0)
        assert history[number, TensorClass.DY] == int(np.abs(dy).max()).bit_length() + dz.e - 20 - ref
    for number, block in ((4, 4), (7, 7), (6, 7)):  # those whose dy is E_b
        error = tensors[block, "BLOCK"][1]
        assert history[number, TensorClass.DY] == int(np.abs(error.t).max()).bit_length() + error.e - 20 - ref


@pytest.mark.parametrize("size", [1, 8, 32])
@pytest.mark.parametrize("storage", Storage)
def test_same_seed_same_digest(size, storage):
    digests = []
    for seed in (SEED, SEED, SEED + 1):
        golden = GoldenNetwork(EVERY_KIND, seed, storage)
        for step in range(3):
            golden.step(*batch(EVERY_KIND, size, step), Factor.nearest(0.0025))
        digests.append(golden.digest())
    assert digests[0] == digests[1] != digests[2]


def test_digest_covers_every_parameter():
    golden = GoldenNetwork(EVERY_KIND, SEED)
    digest = golden.digest()
    for number in EVERY_KIND.key_nodes:
        for parameter in golden.nodes[number].parameters.values():
            parameter.value[-1] += 1
            assert golden.digest() != digest
            parameter.value[-1] -= 1
        golden.nodes[number].weights.w.t.flat[-1] += 1
        assert golden.digest() != digest
        golden.nodes[number].weights.w.t.flat[-1] -= 1
    assert golden.digest() == digest


def test_evaluation_changes_nothing():
    golden = warmed(EVERY_KIND)
    before = golden.state()
    first, second = (golden.logits(batch(EVERY_KIND, 5)[0]) for _ in range(2))
    assert np.array_equal(first.t, second.t)
    after = golden.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_images_of_a_batch_do_not_touch_each_other():
    golden = warmed(EVERY_KIND)
    pixels = batch(EVERY_KIND, 4)[0]
    alone = [golden.logits(pixels[n : n + 1]).t[0] for n in range(4)]
    assert np.array_equal(golden.logits(pixels).t, alone)


def test_state_restores_to_the_bit():
    first, second = warmed(EVERY_KIND), GoldenNetwork(EVERY_KIND, SEED)
    second.restore(first.state())
    for golden in (first, second):
        golden.step(*batch(EVERY_KIND, 8), Factor.nearest(0.01))
    assert first.digest() == second.digest()
    assert first.scales.history == second.scales.history


def test_resnet20_takes_a_step_on_colour_images():
    network = build("resnet20", CIFAR_SHAPE, 10)
    golden = GoldenNetwork(network, SEED)
    before = golden.parameters()
    p = golden.step(*batch(network, 1), Factor.nearest(0.01))
    assert abs(int(p.sum()) - 65536) < 10
    after = golden.parameters()
    assert all(not np.array_equal(before[name], after[name]) for name in before)


class Cut(Backpropagation):
    """No error goes from node 5 and 6 to node 4, and node 7 is not trained."""

    def carries(self, user, node):
        return super().carries(user, node) and node != 4

    def trains(self, node):
        return node != 7


def test_a_schedule_chooses_which_layers_are_trained():
    golden = GoldenNetwork(EVERY_KIND, SEED, schedule=Cut(EVERY_KIND))
    before = golden.parameters()
    golden.step(*batch(EVERY_KIND, 8), Factor.nearest(0.01))
    after = golden.parameters()
    moved = {int(name.split(".")[0]) for name in before if not np.array_equal(before[name], after[name])}
    assert moved == {5, 6, 9, 10}


def test_an_all_zero_loss_error_only_decays_the_velocities():
    network = NETWORKS["mlp"]
    golden = warmed(network)
    node = golden.nodes[3]
    node.parameters["bias"].value[:] = -(1 << 31)
    node.parameters["bias"].value[4] = (1 << 31) - 1
    history = dict(golden.scales.history)
    pixels, _ = batch(network, 8)
    assert golden.gradients(pixels, np.full(8, 4))[0].tolist() == [0, 0, 0, 0, 65536, 0, 0, 0, 0, 0]
    assert all(not golden.nodes[n].gradient.t.any() for n in (1, 2, 3))
    assert {key: golden.scales.history[key] for key in history if key[1] in (2, 3)} == {
        key: value for key, value in history.items() if key[1] in (2, 3)
    }


def test_fc_is_its_definition():
    """Bias rsh(b, e + 24); a hidden FC at exponent -24, then TLU, to PINT8; its error where TLU passed."""
    network = NETWORKS["mlp"]
    golden = warmed(network)
    rng = np.random.default_rng(SEED)
    for number in network.key_nodes:
        for parameter in golden.nodes[number].parameters.values():
            parameter.value = rng.integers(-(1 << 24), 1 << 24, parameter.value.shape)
    exponents = {n: golden.scales.exponent(n, TensorClass.A) for n in (1, 2)}
    pixels, labels = batch(network, 3)
    calls, tensors = recorded(golden, pixels, labels)
    x = images(pixels)
    for number in network.key_nodes:
        node = golden.nodes[number]
        w, bias = node.weights.w8, node.parameters["bias"].value.tolist()
        e = x.e + w.e
        sums = x.t.reshape(3, -1) @ w.t[:, :, 0, 0].T
        for n, o in np.ndindex(*sums.shape):
            y = int(sums[n, o]) + half_up(bias[o] * Fraction(2) ** (-24 - e))
            if number == 3:
                assert calls[3][1].t[n, o] == y
            else:
                tau = int(node.parameters["tau"].value[o])
                y = half_up(y * Fraction(2) ** (e + 24))
                assert tensors[number, "A"][0].t[n, o] == max(y, tau)
                assert node.passed[n, o] == (y >= tau)
                dz = int(calls[number][2].t[n, o, 0, 0])
                assert tensors[number, "E"][0].t[n, o] == (dz if y >= tau else 0)
        if number < 3:
            x = calls[number][1]
            assert x.e == exponents[number]
            gained, e_error = node.gained["bias"]
            error = tensors[number, "E"][1]
            assert (gained.tolist(), e_error) == (error.t.sum(axis=(0, 2, 3)).tolist(), error.e)


def half_up(x):
    return math.floor(x + Fraction(1, 2))


def test_branches_add_up_at_the_exponent_of_the_sum():
    wide = Tensor(np.array([100, -100, 1 << 35]), -20)
    narrow = [Tensor(np.array([3, -3, 4032]), -18), Tensor(np.array([7, -7, 1]), -22), Tensor(np.array([1, 0, 0]), 50)]
    assert total(wide, narrow).t.tolist() == [100 + 12 + 2 + (1 << 30), -100 - 12 - 2, (1 << 35) + 4 * 4032]
    assert total(wide, []).t is wide.t
