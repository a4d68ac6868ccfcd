"""The C-Core's descriptors, run by its golden model, against direct convolution."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gen.compiler.ccore.plan import plan
from gen.compiler.ccore.tile import Tile
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import Code
from sim.golden import conv
from sim.golden.ccore.load import load
from sim.golden.ccore.machine import Machine
from sim.golden.ccore.regions import weight_writes
from sim.golden.ccore.results import collect
from sim.golden.pint import decode
from sim.workloads.layers import random_codes, random_layer

#: clusters, wpus, rows, channels
SIZES = [
    (1, 1, 1, 1),
    (2, 3, 3, 2),
    (3, 1, 2, 3),
    (2, 2, 4, 2),
    (2, 4, 5, 3),
    (3, 3, 3, 2),
    (8, 3, 3, 4),
    (16, 3, 3, 8),
    (4, 3, 3, 8),
    (8, 3, 3, 8),
]
FULL = (8, 3, 3, 8)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def ccore(size, **depths) -> CCoreConfig:
    return CCoreConfig(ArrayConfig(*size), **{"input_depth": 4096, "weight_depth": 8192, "psum_depth": 4096} | depths)


def direct(layer, phase, codes):
    return conv.results(layer, phase, **{name: decode(array) for name, array in codes.items()})


def execute(machine, layer, phase, codes, **options):
    """Load the operands, run the descriptor; return the command, the results and what was drained."""
    command = plan(layer, phase, machine.config, **options)
    command.words()
    inputs, weights = load(command, codes)
    machine.write_inputs(inputs)
    machine.write_weights(weights)
    drained = machine.run(command.words())
    return command, collect(command, drained), drained


def check(layer, phase, config, rng, **options):
    codes = random_codes(layer, rng, config.array.pint)
    command, found, drained = execute(Machine(config), layer, phase, codes, **options)
    np.testing.assert_array_equal(found, direct(layer, phase, codes), f"{layer} {phase} on {config.array}")
    return command, found, drained


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_random_layers_equal_direct_convolution(size, rng):
    config, channels = ccore(size), min(20, 8 * size[0] * size[3])
    for _ in range(7):
        layer = random_layer(rng, channels=channels)
        for phase in Phase:
            options = {"x_base": int(rng.integers(0, 50)), "w_base": int(rng.integers(0, 50))}
            check(layer, phase, config, rng, **options)


@pytest.mark.parametrize(
    "layer",
    [
        Layer(1, 5, 6, 11, 7, 3, 1, 1),
        Layer(1, 5, 6, 11, 9, 3, 2, 1),
        Layer(1, 3, 4, 9, 8, 5, 2, 2),
        Layer(1, 9, 10, 8, 5, 1, 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("size", [(2, 3, 3, 2), (2, 2, 2, 4)], ids=str)
def test_row_tiles_give_the_whole_map(size, phase, layer, rng):
    config = ccore(size)
    codes, machine = random_codes(layer, rng, config.array.pint), Machine(config)
    rows = plan(layer, phase, config).header["rows"]
    cuts = [0, 1, rows // 2, rows]
    total = 0
    for first, end in itertools.pairwise(cuts):
        machine.inputs[:] = rng.integers(0, 256, machine.inputs.shape)
        keep = phase == Phase.WG
        options = {"accumulate": keep and first > 0, "drain": not keep or end == rows}
        _, found, _ = execute(machine, layer, phase, codes, tile=Tile(first, end - first), **options)
        total = total + found
    np.testing.assert_array_equal(total, direct(layer, phase, codes))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 1), (1, 2), (5, 1)])
@pytest.mark.parametrize("phase", [Phase.FP, Phase.BP])
def test_channel_tiles_add_up(phase, kernel, stride, rng):
    size = (4, 3, 3, 2)
    few, many = (4 if kernel > 1 else 10), 23
    channels = (many, few) if phase == Phase.FP else (few, many)
    layer = Layer(2, *channels, 6, 7, kernel, stride, kernel // 2)
    machine = Machine(ccore(size))
    codes = random_codes(layer, rng, machine.config.array.pint)
    half = 12
    for part in (slice(0, half), slice(half, many)):
        count = part.stop - part.start
        if phase == Phase.FP:
            piece, some = replace(layer, in_channels=count), {"x": codes["x"][:, part], "w": codes["w"][:, part]}
        else:
            piece, some = replace(layer, out_channels=count), {"e": codes["e"][:, part], "w": codes["w"][part]}
        last = part.stop == many
        _, found, drained = execute(machine, piece, phase, some, accumulate=part.start > 0, drain=last)
        assert bool(drained) == last
    np.testing.assert_array_equal(found, direct(layer, phase, codes))


@pytest.mark.parametrize("phase", list(Phase))
def test_image_tiles_give_the_whole_batch(phase, rng):
    layer, machine = Layer(5, 6, 7, 5, 6, 3, 2, 1), Machine(ccore((4, 3, 3, 2)))
    codes, found = random_codes(layer, rng, machine.config.array.pint), []
    for part in (slice(0, 2), slice(2, 4), slice(4, 5)):
        some = {name: array if name == "w" else array[part] for name, array in codes.items()}
        keep = phase == Phase.WG
        options = {"accumulate": keep and part.start > 0, "drain": not keep or part.stop == 5}
        found.append(execute(machine, replace(layer, batch=part.stop - part.start), phase, some, **options)[1])
    result = found[-1] if phase == Phase.WG else np.concatenate(found)
    np.testing.assert_array_equal(result, direct(layer, phase, codes))


@pytest.mark.parametrize(
    "layer",
    [
        Layer(3, 5, 9, 4, 7, 3, 1, 1),
        Layer(2, 5, 9, 6, 1, 3, 2, 1),
        Layer(3, 30, 27, 3, 4, 1, 2),
        Layer(2, 7, 5, 1, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(2, 3, 3, 2), (4, 3, 2, 4)], ids=str)
def test_sums_of_absolute_values(size, layer, rng):
    command, found, drained = check(layer, Phase.FP, ccore(size), rng, sums=True)
    taken, clusters, blocks = np.zeros(found.shape[:2]), command.config.array.clusters, command.config.blocks
    for each in drained:
        line = each.block * clusters + np.arange(clusters)
        for tap, values in enumerate(each.sums.reshape(-1, layer.batch, clusters)):
            turn, rest = np.divmod(line, command.config.block)
            channel = (turn * blocks + tap) * command.config.block + rest if layer.kernel == 1 else line
            inside = channel < layer.out_channels
            taken[:, channel[inside]] = values[:, inside]
    np.testing.assert_array_equal(taken, np.abs(found).sum(axis=(2, 3)))


@pytest.mark.parametrize("phase", [Phase.FP, Phase.WG])
@pytest.mark.parametrize("size", [FULL, (2, 3, 2, 8)], ids=str)
def test_packed_kernels(size, phase, rng):
    config = ccore(size)
    for layer in (Layer(1, 3, 9, 12, 13, 7, 2, 3), Layer(2, 2, 4, 9, 10, 5, 2, 2), Layer(2, 3, 4, 8, 9, 7, 2, 0)):
        command, _, _ = check(layer, phase, config, rng)
        assert command.header["pattern"] == Code[f"{phase}_PACKED"]
        plain, _, _ = check(layer, phase, config, rng, packed=False)
        assert plain.header["pattern"] == Code[f"{phase}_S2"]
        assert command.cycles() < plain.cycles()


@pytest.mark.parametrize(
    "layer",
    [
        Layer(1, 3, 8, 48, 26, 7, 2, 3),
        Layer(1, 5, 6, 12, 12, 7, 1, 3),
        Layer(2, 4, 5, 5, 9, 4, 1, 2),
        Layer(1, 3, 8, 56, 26, 7, 2, 3),
        Layer(1, 5, 6, 17, 12, 7, 1, 3),
        Layer(3, 4, 5, 5, 9, 4, 1, 2),
    ],
    ids=str,
)
def test_row_groups_that_share_the_last_kernel_row(layer, rng):
    command, _, _ = check(layer, Phase.FP, ccore((4, 3, 3, 8)), rng)
    groups, segment = -(-layer.batch * layer.out_height // 3), command.header["segment"]
    windows = command.weights.windows[1]
    assert 2 <= segment <= groups // 2
    row = sum(layer.out_width + fields["lead"] for fields, _ in command.entries[:windows])
    blocks = command.header["m_blocks"] * command.header["c_blocks"]
    assert command.cycles() == blocks * row * (layer.kernel // 3 * groups + groups - segment)


@pytest.mark.parametrize(
    "layer",
    [
        Layer(2, 9, 13, 5, 6, 3, 1, 1),
        Layer(2, 9, 13, 5, 6, 3, 2, 1),
        Layer(2, 30, 50, 3, 3, 1, 2),
        Layer(3, 70, 40),
        Layer(1, 3, 9, 9, 9, 5, 1, 2),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(4, 3, 3, 2), (3, 2, 2, 4), FULL], ids=str)
def test_backward_reads_the_weights_that_forward_stored(size, layer, rng):
    machine = Machine(ccore(size))
    codes = random_codes(layer, rng, machine.config.array.pint)
    commands = {phase: plan(layer, phase, machine.config, w_base=7) for phase in (Phase.FP, Phase.BP)}
    assert commands[Phase.FP].weights == commands[Phase.BP].weights
    machine.write_weights(weight_writes(commands[Phase.FP].weights, codes["w"]))
    stored = machine.weights.copy()
    for phase, command in commands.items():
        machine.write_inputs(load(command, codes)[0])
        np.testing.assert_array_equal(collect(command, machine.run(command.words())), direct(layer, phase, codes))
    assert machine.weights.tobytes() == stored.tobytes()
    assert np.count_nonzero(stored) <= np.count_nonzero(codes["w"])


def test_a_wrong_code_in_the_buffer_changes_the_result(rng):
    layer, machine = Layer(1, 4, 4, 5, 5, 3, 1, 1), Machine(ccore((2, 3, 3, 2)))
    codes = random_codes(layer, rng, machine.config.array.pint)
    command = plan(layer, Phase.FP, machine.config)
    for writes, store in zip(load(command, codes), (machine.write_inputs, machine.write_weights), strict=True):
        store(writes)
    before = collect(command, machine.run(command.words()))
    machine.inputs[machine.inputs != 0] ^= 1
    assert not np.array_equal(collect(command, machine.run(command.words())), before)
