"""The golden model of TaxoNN: arithmetic, gradients against float, order of the updates, and that it learns."""

import numpy as np
import pytest

from hw.arch.taxonn import curves
from hw.arch.taxonn.config import Activation, FixedFormat, TaxonnConfig
from hw.arch.taxonn.curves import Curve
from sim.golden.taxonn import schedule
from sim.golden.taxonn.activation import activate, derive
from sim.golden.taxonn.curve import curve
from sim.golden.taxonn.fixed import noise_field, quantize, rescale, shift_round
from sim.golden.taxonn.layer import FcLayer, rate_code
from sim.golden.taxonn.network import Network, weights_digest
from sim.golden.taxonn.noise import WEIGHT, element_noise, layer_key, weight_noise
from sim.golden.taxonn.twin import FloatNetwork
from sim.rtl.parameters import SEED
from sim.training.data import digits
from sim.training.taxonn import run as taxonn

FORMATS = [FixedFormat(*form) for form in [(1, 4), (2, 12), (1, 13), (3, 10), (2, 16), (8, 16)]]


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return np.random.default_rng(SEED)


def test_rounding_and_saturation():
    assert shift_round([-3, -2, -1, 0, 1, 2, 3], 1).tolist() == [-1, -1, 0, 0, 1, 1, 2]
    assert shift_round([5, -5], -2).tolist() == [20, -20]
    assert rescale([10**6, -(10**6)], 12, FixedFormat(1, 4)).tolist() == [31, -32]
    assert rescale([1], 4, FixedFormat(1, 6)).tolist() == [4]


@pytest.mark.parametrize("bits", [1, 5, 8, 9, 15])
def test_stochastic_rounding_has_no_bias(bits):
    values = np.arange(-(1 << bits), 1 << bits)
    noise = np.arange(256)[:, None]
    mean = shift_round(values[None], bits, noise).mean(axis=0)
    exact = values / 2.0**bits
    assert np.abs(mean - exact).max() <= (2.0**-9 if bits > 8 else 0)
    assert noise_field(255, bits) < 1 << bits


def test_noise_is_that_of_its_element_in_any_order():
    key = layer_key(7, 2)
    noise = weight_noise(key, 5, 11, 40)
    elements = element_noise(key, 5, WEIGHT, 51)
    assert np.array_equal(noise[0], elements[:40])
    assert np.array_equal(noise[:, :9], weight_noise(key, 5, 11, 9))
    assert noise[8].tolist() == elements[8:48].tolist()
    assert noise[3, 1] == (int(elements[4]) << 3 | int(elements[4]) >> 5) & 255
    assert weight_noise(key, 5, 2, 4096)[0, 1] == element_noise(key, 5, WEIGHT, 4098)[4097]
    assert len({layer_key(7, i) for i in range(1, 9)}) == 8


@pytest.mark.parametrize("form", FORMATS, ids=str)
@pytest.mark.parametrize("kind", list(Curve))
def test_worst_error_of_the_curves(kind, form):
    codes = np.arange((1 << form.integer + form.fraction) + 1)
    value = curve(kind, codes, form.integer, form.fraction, form.fraction) / form.one
    x = codes / form.one
    exact = 1 / (1 + np.exp(-x)) if kind == Curve.SIGMOID else np.exp(-x)
    error = np.abs(value - exact).max()
    print(f"{kind} ({form}): worst error 2^{np.log2(error):.2f}")
    assert error <= curves.line_error(kind, form.fraction)


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_activations_over_the_whole_input_range(form):
    z = np.arange(form.low, form.high + 1)
    x = z / form.one
    sigma = activate(Activation.SIGMOID, z, form) / form.one
    bound = curves.line_error(Curve.SIGMOID, form.fraction)
    assert np.abs(sigma - 1 / (1 + np.exp(-x))).max() <= bound
    slope = derive(Activation.SIGMOID, activate(Activation.SIGMOID, z, form), form) / form.one
    assert np.abs(slope - sigma * (1 - sigma)).max() <= 0.5 / form.one
    tanh = activate(Activation.TANH, z, form) / form.one
    assert np.abs(tanh - np.tanh(x)).max() <= 2 * curves.line_error(Curve.SIGMOID, form.fraction + 1)
    slope = derive(Activation.TANH, activate(Activation.TANH, z, form), form) / form.one
    assert np.abs(slope - (1 - tanh**2)).max() <= 1 / form.one
    assert np.array_equal(activate(Activation.RELU, z, form), np.maximum(z, 0))
    assert np.array_equal(derive(Activation.RELU, np.maximum(z, 0), form), (z > 0) * form.one)


LOSSES = [("sigmoid", "softmax"), ("tanh", "sigmoid"), ("relu", "linear"), ("linear", "tanh"), ("relu", "relu")]


@pytest.mark.parametrize("activations", LOSSES)
def test_a_step_is_that_of_float_within_its_precision(activations, rng):
    config = TaxonnConfig((7, 5, 3), activations, (FixedFormat(4, 16),), "nearest")
    weights = [quantize(w, form) for w, form in zip(schedule.initial_weights(config, SEED), config.formats)]
    x = quantize(rng.uniform(-1, 1, 7), config.formats[0])
    net = Network(config, weights, SEED)
    twin = FloatNetwork(config, [w / 2**16 for w in weights])
    y = net.train(x, 1, 0.5)
    assert np.abs(y / 2**16 - twin.train(x / 2**16, 1, 0.5)).max() < 2**-10
    for fixed, real, before in zip(net.weights, twin.weights, weights):
        moved = (fixed - before) / 2**16
        assert np.abs(moved).max() > 0.01
        assert np.abs(moved - (real - before / 2**16)).max() < 2**-9


def test_stochastic_conversion_has_no_bias():
    forms = (FixedFormat(2, 12), FixedFormat(2, 4))
    config = TaxonnConfig((1, 1, 1), ("linear", "linear"), forms, "nearest", conversion="stochastic")
    identity = [np.array([[form.one, 0]]) for form in forms]
    net = Network(config, identity, SEED)
    x = quantize([1.3], forms[0])
    outputs = [int(net.train(x, 0, 0.0)[0]) for _ in range(400)]
    assert {*outputs} == {20, 21}
    assert abs(np.mean(outputs) / 16 - 1.3) < 0.01
    again = Network(config, identity, SEED)
    assert [int(again.train(x, 0, 0.0)[0]) for _ in range(9)] == outputs[:9]
    assert {int(net.infer(x)[0]) for _ in range(9)} == {21}


def test_gradients_use_the_weights_before_their_update():
    form = FixedFormat(4, 12)
    config = TaxonnConfig((1, 1, 1), ("linear", "linear"), (form,), "nearest")
    start = [quantize([[1.0, 0.0]], form), quantize([[2.0, 0.0]], form)]
    net = Network(config, start, 0)
    net.train(quantize([1.0], form), 0, 0.5)
    # y = 2, G_2 = 1; G_1 = 2 with the old weight, 1.5 with the new.
    assert [w.tolist() for w in net.weights] == [[[0, -4096]], [[6144, -2048]]]


def test_saturation_of_a_weight():
    form = FixedFormat(1, 4)
    layer = FcLayer(np.array([[form.high, form.low]]), Activation.LINEAR, form)
    layer.update(np.array([form.low]), np.array([form.high]), form.high)
    assert layer.weights.tolist() == [[form.high, form.low]]


@pytest.mark.parametrize("sizes", [(1, 1), (1, 2, 1), (3, 1, 2), (5, 4, 3, 2, 1)])
@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
def test_all_sizes_train_and_repeat(sizes, rounding, rng):
    depth = len(sizes) - 1
    config = TaxonnConfig(sizes, ("sigmoid",) * depth, tuple(FORMATS[1 : depth + 1]), rounding)
    start = [quantize(w, form) for w, form in zip(schedule.initial_weights(config, SEED), config.formats)]
    samples = [quantize(rng.uniform(-1, 1, sizes[0]), FORMATS[1]) for _ in range(4)]
    nets = [Network(config, start, 3) for _ in range(2)]
    for x in samples:
        for net in nets:
            net.train(x, 0, 0.1)
    assert weights_digest(nets[0].weights) == weights_digest(nets[1].weights) != weights_digest(start)


@pytest.mark.parametrize("seed", [1, 2])
def test_digits_are_learned_as_well_as_in_float(seed):
    config = TaxonnConfig((64, 32, 10), ("sigmoid", "softmax"), (FixedFormat(2, 12), FixedFormat(3, 10)))
    run = taxonn.Run(config, 0.2, 4, seed)
    _, test = digits.load()
    golden, real = (taxonn.accuracy(run, e, taxonn.train(run, e)[0], test) for e in ("golden", "float"))
    print(f"seed {seed}: golden {golden:.2f} %, float32 {real:.2f} %")
    assert golden >= 94
    assert abs(golden - real) <= 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((64, 0), ("relu",), (FORMATS[0],)), "Size of a layer must be 1 to 4095, not 0"),
        (((64,), ("relu",), (FORMATS[0],)), "Number of layers after the input must be 1 to 8, not 0"),
        (
            ((4, 4), ("swish",), (FORMATS[0],)),
            "An activation must be one of relu, sigmoid, tanh, linear, softmax, not 'swish'",
        ),
        (((4, 4, 4), ("softmax", "relu"), (FORMATS[0],)), "softmax must be the activation of the last layer only"),
        (((4, 4, 4), ("relu",), FORMATS[:3]), "There must be 1 or 2 formats, one a layer, not 3"),
        (((4, 4), ("relu",), (FORMATS[0],), "up"), "Rounding must be one of nearest, stochastic, not 'up'"),
    ],
)
def test_init_wrong_config(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        TaxonnConfig(*arguments)


@pytest.mark.parametrize(
    "text, message",
    [
        ("0,12", "Integer bits of a format must be 1 to 8, not 0"),
        ("2,3", "Fraction bits of a format must be 4 to 16, not 3"),
        ("2", "A format must be two integers I,F such as 2,12, not '2'"),
    ],
)
def test_wrong_format(text, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        FixedFormat.parse(text)


def test_wrong_kinds_and_rates():
    with pytest.raises(TypeError, match=r"^Size of a layer must be an integer, not 4\.0$"):
        TaxonnConfig((4.0, 4), ("relu",), (FORMATS[0],))
    with pytest.raises(TypeError, match=r"^A format must be a FixedFormat, not 3$"):
        TaxonnConfig((4, 4), ("relu",), (3,))
    with pytest.raises(ValueError, match=r"^Learning rate must be 0 to 0\.499969 in format \(2,12\), not 0\.5$"):
        rate_code(0.5, FixedFormat(2, 12))
