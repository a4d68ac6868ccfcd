"""Convolutions of TaxoNN's golden model against plain loops and float32, and the notation for layers."""

import numpy as np
import pytest

from hw.arch.taxonn.config import Activation, FixedFormat, TaxonnConfig
from hw.arch.taxonn.maps import Convolution, parse_layers
from sim.golden.taxonn import schedule
from sim.golden.taxonn.conv import ConvLayer
from sim.golden.taxonn.fixed import quantize, rescale, saturate, shift_round
from sim.golden.taxonn.network import Network
from sim.golden.taxonn.noise import WEIGHT, element_noise
from sim.golden.taxonn.twin import FloatNetwork
from sim.rtl.parameters import SEED
from sim.training.taxonn import run as taxonn
from sim.training.taxonn.images import scale

FORM = FixedFormat(2, 12)
SHAPES = [
    Convolution(1, 1, 1, 1, 1),
    Convolution(1, 1, 1, 1, 2, 1, 2),
    Convolution(4, 4, 2, 3, 3, 1, 2),
    Convolution(5, 7, 3, 2, 2, 0, 1),
    Convolution(7, 6, 1, 4, 3, 2, 3),
    Convolution(4, 4, 2, 3, 3, 1, 2, True),
    Convolution(7, 6, 1, 4, 3, 2, 3, True),
]


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return np.random.default_rng(SEED)


def codes(rng, *shape):
    return rng.integers(FORM.low, FORM.high + 1, shape)


def taps(maps):
    """Yield row and column of the sum, column of the weights and place in the input of the products within it."""
    for y in range(maps.rows):
        for x in range(maps.columns):
            for column in range(maps.taps):
                i, rest = divmod(column, maps.lane)
                c, j = divmod(rest, maps.kernel)
                row, place = y + i - maps.padding, x + j - maps.padding
                if 0 <= row < maps.height and 0 <= place < maps.width:
                    yield y, x, column, (row * maps.width + place) * maps.channels + c


def mean(maps, total):
    """The mean of sums of a window, `total` in all, as a code: 2^19 / 9 is 58254.2."""
    ratio, bits = {1: (1, 0), 4: (1, 2), 9: (58254, 19)}[maps.averaged]
    return int(saturate(int(total) * ratio + (1 << bits + 11) >> bits + 12, FORM))


@pytest.mark.parametrize("maps", SHAPES, ids=str)
def test_a_layer_is_that_of_plain_loops(maps, rng):
    weights, x = codes(rng, maps.filters, maps.taps + 1) // 4, codes(rng, maps.inputs)
    gradient, rate, side = codes(rng, maps.outputs) // 4, 700, maps.pool
    layer = ConvLayer(weights.copy(), Activation.LINEAR, FORM, maps)
    y, slope = layer.forward(x)
    assert set(slope.tolist()) == {{9: 7282}.get(maps.averaged, FORM.one)}
    z = np.tile(weights[:, -1] * FORM.one, (maps.rows, maps.columns, 1))
    for row, column, tap, place in taps(maps):
        z[row, column] += weights[:, tap] * x[place]
    full = np.zeros_like(z)
    for index, (row, column, m) in enumerate(np.ndindex(*maps.pooled, maps.filters)):
        window = z[side * row : side * (row + 1), side * column : side * (column + 1), m]
        if maps.average:
            assert y[index] == mean(maps, window.sum())
            full[side * row : side * (row + 1), side * column : side * (column + 1), m] = gradient[index]
            continue
        dy, dx = np.unravel_index(window.argmax(), window.shape)
        assert y[index] == rescale(window.max(), 2 * FORM.fraction, FORM)
        full[side * row + dy, side * column + dx, m] = gradient[index]
    sums, changes = np.zeros(maps.inputs, np.int64), np.zeros_like(weights)
    for row, column, tap, place in taps(maps):
        sums[place] += weights[:, tap] @ full[row, column]
        changes[:, tap] += full[row, column] * x[place]
    changes[:, -1] = full.sum(axis=(0, 1)) * FORM.one
    assert np.array_equal(layer.back_sums(gradient), sums)
    layer.update(x, gradient, rate)
    extra = {1: 0, 4: 2, 9: 4}[maps.averaged]
    assert layer.gradient_fraction == FORM.fraction + extra
    step = rescale(changes, 2 * FORM.fraction + extra, FORM)
    assert np.array_equal(layer.weights, saturate(shift_round((weights << 15) - rate * step, 15), FORM))


def test_means_are_those_of_real_numbers():
    """Off by less than a sixth of a code step, for the widest format, before the one rounding."""
    maps = Convolution(3, 3, 1, 1, 1, 0, 3, True)
    for form in (FORM, FixedFormat(8, 16)):
        ratio, cut = maps.mean(form.width)
        for total in (9 * form.high * form.one, 9 * form.low * form.one):
            assert abs(total * ratio / 2 ** (cut + form.fraction) - total / 9 / form.one) < 1 / 6
        assert abs(maps.slope(form.fraction) / form.one - 16 / 9) <= 0.5 / form.one


def test_sums_of_the_widest_format_are_exact():
    form, maps = FixedFormat(8, 16), Convolution(1, 1, 255, 1, 1)
    weights = np.full((1, 256), form.high)
    layer = ConvLayer(weights, Activation.LINEAR, form, maps)
    assert layer.back_sums(np.array([form.high])).tolist() == [form.high**2] * 255
    x = np.full(255, form.high)
    x[::2] = -form.high
    x[0] = 3 - form.high
    assert layer.forward(x)[0].tolist() == [shift_round(form.high * (form.one + 3 - form.high), 16).clip(form.low)]


def test_noise_is_that_of_the_pe():
    maps = Convolution(6, 6, 2, 9, 3)
    layer = ConvLayer(np.zeros((9, maps.taps + 1), np.int64), Activation.RELU, FORM, maps)
    noise, word = layer.weight_noise(77, 3), element_noise(77, 3, WEIGHT, maps.lane + 1)
    for (m, column), value in np.ndenumerate(noise):
        pe, place = maps.place(m, column)
        turn = (pe // 3 + pe % 3) % 8
        assert value == (word[place] << turn | word[place] >> 8 - turn) & 255
    assert len({maps.place(m, column) for m, column in np.ndindex(noise.shape)}) == noise.size


@pytest.mark.parametrize("pool", ["pool2", "avg2", "avg3"])
@pytest.mark.parametrize("kinds", [("tanh", "relu", "softmax"), ("sigmoid", "tanh", "linear")])
def test_a_step_is_that_of_float_within_its_precision(kinds, pool, rng):
    layers, maps = parse_layers(f"8x8x2,conv3k3p1,{pool},conv2k2,4")
    form = FixedFormat(4, 16)
    config = TaxonnConfig(layers, kinds, (form,), "nearest", maps)
    weights = [quantize(w, form) for w in schedule.initial_weights(config, SEED)]
    x = quantize(rng.uniform(-1, 1, layers[0]), form)
    net, twin = Network(config, weights, SEED), FloatNetwork(config, [w / 2**16 for w in weights])
    assert np.abs(net.train(x, 1, 0.5) / 2**16 - twin.train(x / 2**16, 1, 0.5)).max() < 2**-10
    for fixed, real, before in zip(net.weights, twin.weights, weights, strict=True):
        moved = (fixed - before) / 2**16
        assert np.abs(moved).max() > 0.01
        assert np.abs(moved - (real - before / 2**16)).max() < 2**-8


def test_digits_are_learned_as_well_as_in_float():
    """A small network on 8x8 digits; LeNet-5 on 28x28 is a command of docs/taxonn.md."""
    layers, maps = parse_layers("8x8x1,conv6k3p1,pool2,conv8k3,10")
    config = TaxonnConfig(layers, ("tanh", "tanh", "softmax"), (FORM, FORM, FixedFormat(3, 10)), "stochastic", maps)
    run = taxonn.Run(config, 0.05, 2, 1, 600)
    _, test = taxonn.data(run)
    golden, real = (taxonn.accuracy(run, e, taxonn.train(run, e)[0], test) for e in ("golden", "float"))
    print(f"golden {golden:.2f} %, float32 {real:.2f} %")
    assert golden >= 85
    assert abs(golden - real) <= 3


def test_images_are_scaled_to_the_nearest():
    images = np.arange(2 * 3 * 8 * 8).reshape(2, 3, 8, 8)
    big = scale(images, Convolution(28, 12, 3, 1, 1))
    assert big.shape == (2, 28, 12, 3)
    assert np.array_equal(big[1, 13, 5], images[1, :, 3, 3])
    assert np.array_equal(scale(images, Convolution(8, 8, 3, 1, 1)), images.transpose(0, 2, 3, 1))
    with pytest.raises(ValueError, match=r"^Images must have the 1 channels of the first layer, not 3$"):
        scale(images, Convolution(8, 8, 1, 1, 1))


def test_layers_are_read():
    sizes, maps = parse_layers("28x28x1,conv6k5p2,pool2,conv16k5,pool2,120,84,10")
    assert sizes == (784, 1176, 400, 120, 84, 10)
    assert maps == (Convolution(28, 28, 1, 6, 5, 2, 2), Convolution(14, 14, 6, 16, 5, 0, 2))
    assert parse_layers("5x5x1,conv2k2,avg3,3")[1] == (Convolution(5, 5, 1, 2, 2, 0, 3, True),)
    assert parse_layers("64,32,10") == ((64, 32, 10), ())
    assert parse_layers("2x3x4,5") == ((24, 5), ())


@pytest.mark.parametrize(
    "text, message",
    [
        ("28x28,10", "Layers must begin with a size such as 64 or 28x28x1, not '28x28'"),
        ("4x4x1,conv2,3", "A layer must be a size, convMkK, convMkKpP, poolP or avgP, not 'conv2'"),
        ("16,conv2k3,3", "A convolution must come after maps such as 28x28x1, unlike 'conv2k3'"),
        ("4x4x1,8,conv2k3,3", "A convolution must come after maps such as 28x28x1, unlike 'conv2k3'"),
        ("4x4x1,pool2,3", "A pool such as pool2 must come right after a convolution, unlike 'pool2'"),
        ("4x4x1,conv2k3,pool,3", "A pool such as pool2 must come right after a convolution, unlike 'pool'"),
        ("4x4x1,conv2k3,pool2,avg2,3", "A pool such as pool2 must come right after a convolution, unlike 'avg2'"),
        ("4x4x1,conv2k3,avg3,3", "Pool must be at most the 2x2 sums of its convolution, not 3"),
        ("4x4x1,conv2k3,avg0,3", "Convolution pool must be 1 to 4, not 0"),
        ("4x4x1,conv2k5,3", "Convolution kernel must be at most the padded input 4x4, not 5"),
        ("4x4x1,conv2k3p3,3", "Convolution padding must be below the kernel 3, not 3"),
        ("4x4x1,conv2k3,pool3,3", "Pool must be at most the 2x2 sums of its convolution, not 3"),
        ("4x4x1,conv0k3,3", "Convolution filters must be 1 to 255, not 0"),
        ("64x64x1,conv4k1,3", "Convolution inputs must be 1 to 4095, not 4096"),
    ],
)
def test_wrong_layers(text, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        parse_layers(text)


def test_init_wrong_average():
    with pytest.raises(TypeError, match=r"^Convolution average must be True or False, not 1$"):
        Convolution(4, 4, 1, 2, 3, average=1)


def test_init_wrong_config():
    maps = Convolution(4, 4, 1, 2, 3)
    with pytest.raises(ValueError, match=r"^The last layer must be fully connected, not a convolution$"):
        TaxonnConfig((16, 8), ("relu",), (FORM,), convolutions=(maps,))
    with pytest.raises(ValueError, match=r"^Convolution 1 must have the layer's sizes \(16, 9\), not \(16, 8\)$"):
        TaxonnConfig((16, 9, 1), ("relu",), (FORM,), convolutions=(maps,))
