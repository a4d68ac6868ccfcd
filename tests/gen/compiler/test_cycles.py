"""`gradgate cycles`: the tiles of the compiler, and what the cycle model says of networks."""

import itertools
import json

import numpy as np
import pytest

from gen.cli import main
from gen.compiler.ccore.plan import plan
from gen.compiler.steps import steps
from gen.compiler.tiling import Tiling, Work, best, channel_tiles, cost, thinned
from gen.compiler.timing import (
    FILL,
    Ports,
    alone,
    block_cycles,
    drain_beats,
    drain_cycles,
    input_words,
    weight_granules,
)
from gen.model.layer import Layer, Phase
from gen.model.zoo import NETWORKS
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.arch.pint import PintFormat
from sim.golden import conv
from sim.golden.ccore.load import load
from sim.golden.ccore.machine import ALL_BLOCKS, Machine, job_of
from sim.golden.ccore.order import beats
from sim.golden.ccore.results import collect
from sim.golden.pint import decode
from sim.workloads.layers import random_codes, random_layer

#: Products of FP, BP and WG an image, no BP of layer 1 (architecture.md, Section 1).
MACS = {"resnet20": 121_997_184, "vgg16": 937_835_520, "resnet18": 5_324_206_080}
SMALL_MACS = {"resnet8": 2_281_344, "vgg6": 1_353_216, "mlp": 42_880}
#: Cycles an image of the patterns' formulas at batch 48 (architecture.md, Section 1).
FORMULAS = {"resnet20": 71_986, "vgg16": 550_949, "resnet18": 3_109_955}


def cycles(capsys, *arguments) -> dict:
    assert main(["cycles", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("net", "utilisation", "in_buffers"), [("resnet20", 0.97, 0.97), ("vgg16", 0.98, 0.98), ("resnet18", 0.98, 0.94)]
)
def test_networks_reach_their_utilisation(net, utilisation, in_buffers, capsys):
    found = cycles(capsys, "--net", net, "--batch", "48")
    assert found["macs_per_image"] == MACS[net]
    assert found["utilisation"] >= utilisation
    assert found["in_buffers"]["utilisation"] >= in_buffers
    assert found["cycles_per_image"] == pytest.approx(FORMULAS[net], rel=0.01)
    ordered = [each["cycles_per_image"] for each in (found, found["in_buffers"], found["with_loads"])]
    assert ordered == sorted(ordered)
    assert sum(row["macs"] for row in found["layers"]) == 48 * MACS[net]
    assert sum(row["cycles"] for row in found["layers"]) == pytest.approx(48 * found["cycles_per_image"], abs=48)
    first = found["layers"][0]["node"]
    assert [row["phase"] for row in found["layers"] if row["node"] == first] == ["FP", "WG"]


@pytest.mark.parametrize("net", NETWORKS)
def test_every_network_that_trains_is_known(net, capsys):
    """Products of a training step in docs/training.md."""
    found = cycles(capsys, "--net", net, "--batch", "2")
    assert found["macs_per_image"] == {**MACS, **SMALL_MACS}[net]
    assert (found["net"], found["batch"], found["array"]["macs"]) == (net, 2, 1728)


def test_the_json_says_what_it_is_of(capsys):
    options = ["--image", "1x28x28", "--batch", "3", "--clusters", "4", "--psum-depth", "1024", "--mhz", "100"]
    found = cycles(capsys, "--net", "mlp", *options)
    assert found["image"] == [1, 28, 28]
    assert found["array"] == {
        "clusters": 4,
        "wpus": 3,
        "rows": 3,
        "channels": 8,
        "acc_bits": 36,
        "pint": [8, 3],
        "macs": 864,
    }
    assert found["buffers"] == {"input_depth": 1024, "weight_depth": 2048, "psum_depth": 1024, "images": 512}
    assert found["ports"] == {"dram_gbps": 29.9, "mhz": 100.0, "weight_port": 1}
    assert found["units"] == {"totals": "an image", "layers": "a batch"}
    assert sum(row["macs"] for row in found["layers"]) == 3 * found["macs_per_image"]
    assert found["images_per_second"] == round(100e6 / found["with_loads"]["cycles_per_image"], 1)
    operations = 2 * found["macs_per_image"] * found["images_per_second"] / 1e9
    assert found["gops"] == pytest.approx(operations, abs=0.06)


def test_more_memory_and_wider_ports_help(capsys):
    base = cycles(capsys, "--net", "resnet20", "--batch", "12")
    wide = cycles(capsys, "--net", "resnet20", "--batch", "12", "--weight-port", "3")
    slow = cycles(capsys, "--net", "resnet20", "--batch", "12", "--dram-gbps", "2")
    fast = cycles(capsys, "--net", "resnet20", "--batch", "12", "--dram-gbps", "2", "--mhz", "10")
    loads = [found["with_loads"]["cycles_per_image"] for found in (wide, base, slow)]
    assert loads == sorted(loads)
    assert len(set(loads)) == 3
    # The clock counts as its ratio to DRAM alone.
    assert fast["with_loads"] == base["with_loads"]
    big = cycles(capsys, "--net", "resnet20", "--batch", "12", "--clusters", "16")
    assert big["macs_per_image"] == base["macs_per_image"]
    assert big["cycles_per_image"] < 0.6 * base["cycles_per_image"]


@pytest.mark.parametrize(
    ("size", "depths"),
    [
        ((2, 3, 3, 2), (64, 96, 32)),
        ((4, 2, 3, 8), (48, 96, 64)),
        ((8, 3, 3, 8), (24, 96, 32)),
    ],
)
@pytest.mark.parametrize(
    "layer",
    [
        Layer(3, 8, 10, 9, 8, 3, 1, 1),
        Layer(3, 8, 10, 9, 8, 3, 2, 1),
        Layer(2, 30, 28, 4, 5, 1, 2),
        Layer(4, 60, 20),
    ],
    ids=str,
)
def test_tiles_fit_and_give_the_whole_layer(layer, size, depths):
    config = CCoreConfig(ArrayConfig(*size), *depths)
    rng = np.random.default_rng(sum(size))
    for phase in Phase:
        work = Work(thinned(layer, phase), phase, config, Ports())
        tiling, found = best(work)
        taken = run(work, tiling, random_codes(work.layer, rng, config.array.pint))
        parts = work.parts(tiling.images, tiling.rows)
        assert taken == sum(count * command.cycles() for count, command in parts)
        assert taken + FILL <= found.calc <= found.total
        if phase != Phase.WG:
            slower = sum(count * max(command.cycles(), drain_cycles(command)) for count, command in parts)
            assert found.calc == slower + FILL


@pytest.mark.parametrize(
    "tiling",
    [
        Tiling(1, 0, 5, 5),
        Tiling(1, 0, 2, 5),
        Tiling(1, 3, 2, 5, True),
        Tiling(2, 0, 1, 5, True),
        Tiling(1, 0, 2, 1),
        Tiling(1, 6, 2, 2, True),
    ],
)
@pytest.mark.parametrize("phase", Phase)
def test_every_kind_of_tiling_gives_the_whole_layer(tiling, phase):
    config = CCoreConfig(ArrayConfig(2, 3, 3, 2), input_depth=256, weight_depth=256, psum_depth=256)
    work = Work(Layer(3, 9, 10, 8, 6, 3, 1, 1), phase, config, Ports())
    run(work, tiling, random_codes(work.layer, np.random.default_rng(4), config.array.pint))


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("depths", [(512, 512, 64), (64, 512, 512), (512, 80, 256)], ids=str)
def test_every_tiling_that_is_tried_fits(depths, phase):
    config = CCoreConfig(ArrayConfig(4, 3, 3, 4), *depths)
    work = Work(Layer(2, 33, 40, 16, 4, 3, 1, 1), phase, config, Ports())
    tried = set()
    for images, rows in work.cuts():
        parts = work.parts(images, rows)
        passes = sum(count * command.cycles() for count, command in parts)
        for sizes in channel_tiles(work, parts):
            tiling = Tiling(images, rows, *sizes)
            order = list(steps(work, tiling))
            assert all(fits(step.command.header, config) for step in order)
            found = cost(work, parts, tiling)
            assert loaded(order) == (found.inputs, found.weights)
            if phase != Phase.WG:
                assert sum(step.command.cycles() for step in order) == passes
            tried.add(tiling)
    assert len(tried) > 1
    assert best(work)[0] in tried


def test_a_1x1_layer_at_stride_2_reads_the_even_pixels():
    layer = Layer(2, 4, 3, 7, 6, 1, 2)
    assert thinned(layer, Phase.BP) == layer
    assert thinned(Layer(2, 4, 3, 7, 6, 3, 2, 1), Phase.FP) == Layer(2, 4, 3, 7, 6, 3, 2, 1)
    tensors = {name: decode(code) for name, code in random_codes(layer, np.random.default_rng(1), PintFormat()).items()}
    even = tensors | {"x": tensors["x"][:, :, ::2, ::2]}
    for phase in (Phase.FP, Phase.WG):
        found = conv.results(thinned(layer, phase), phase, **even)
        np.testing.assert_array_equal(found, conv.results(layer, phase, **tensors))


def loaded(order) -> tuple[int, int]:
    """Writes of the input and of the weight buffer, where what lies there already is not loaded again."""
    held, total = ({}, {}), [0, 0]
    for step in order:
        for n, (what, first, _) in enumerate(operands(step)):
            if held[n].get(first) != what:
                total[n] += (input_words, weight_granules)[n](step.command)
            held[n][first] = what
    return tuple(total)


def fits(header, config) -> bool:
    return (
        header["x_base"] + header["x_words"] < config.input_depth
        and header["w_base"] + header["w_words"] < config.weight_depth
        and header["psums"] <= config.psum_depth
    )


def test_loads_and_stalls_of_a_tiling():
    config, ports = CCoreConfig(psum_depth=1024), Ports(dram_gbps=20, mhz=100, granules=2)
    # Four images of 12x8 are two tiles of 8 row groups and 64 slots; 6 output blocks of 4 input blocks.
    work = Work(Layer(4, 32, 48, 12, 8, 3, 1, 1), Phase.FP, config, ports)
    parts = work.parts(2, 0)
    words, granules = 2 * 12 * 4 * 4, 9 * 6 * 32
    halves = cost(work, parts, Tiling(2, 0, 2, 4))
    assert halves.calc == 2 * 6 * 4 * 64 + FILL
    assert (halves.inputs, halves.weights, halves.stall) == (2 * words, granules, 0)
    assert halves.dram_inputs == pytest.approx(2 * words * 16 / 200)
    assert halves.dram_weights == pytest.approx(2 * granules * 8 / 200)
    assert halves.dram_outputs == pytest.approx(4 * 48 * 12 * 8 / 200)
    assert halves.total == halves.calc
    # All weights at once, or each tile of them with all images.
    assert cost(work, parts, Tiling(2, 0, 6, 4)).weights == granules // 2
    stay = cost(work, parts, Tiling(2, 0, 2, 4, True))
    assert (stay.inputs, stay.weights) == (2 * words, granules // 2)
    assert cost(work, work.parts(1, 0), Tiling(1, 0, 2, 4, True)).inputs == 3 * 4 * words // 2
    # Four pieces have the time of two output blocks of 256 cycles to come, but for a quarter.
    assert (words, cost(work, parts, Tiling(2, 0, 2, 1)).stall) == (2 * 256 * 3 // 4, 0)
    pieces = cost(work, parts, Tiling(2, 0, 1, 1, True))
    assert pieces.stall == 6 * 2 * (words - 256 * 3 // 4)
    assert pieces.total == pieces.calc + pieces.stall
    # The gradient in two tiles of errors by two of inputs: each is loaded for each of the others.
    work = Work(work.layer, Phase.WG, config, ports)
    parts = work.parts(2, 0)
    gradient = cost(work, parts, Tiling(2, 0, 3, 2))
    assert gradient.calc == 2 * 6 * 4 * (64 + 7) + FILL
    assert (gradient.inputs, gradient.weights) == (2 * 2 * words, 2 * 6 * 64 * 3 // 2)


def run(work, tiling, codes) -> int:
    """Run the descriptors of a tiling, check that they fit and give the layer; return the cycles of their passes."""
    machine = Machine(work.config)
    total, taken, before, held = np.zeros(work.layer.result_shape(work.phase), np.int64), 0, None, []
    for step in steps(work, tiling):
        header = step.command.header
        held.append(operands(step))
        assert fits(header, work.config)
        assert header["drain"] or work.phase == Phase.WG or header["m_blocks"] == 1
        if header["accumulate"]:
            assert before["drain"] == 0
        outputs, inputs = (step.reads, step.gives) if work.phase == Phase.BP else (step.gives, step.reads)
        some = {
            "x": codes["x"][step.images, inputs],
            "e": codes["e"][step.images, outputs],
            "w": codes["w"][outputs, inputs],
        }
        writes = load(step.command, some)
        machine.write_inputs(writes[0])
        machine.write_weights(writes[1])
        if drained := machine.run(step.command.words()):
            place = (outputs, inputs) if work.phase == Phase.WG else (step.images, step.gives)
            total[place] += collect(step.command, drained)
        taken, before = taken + step.command.cycles(), header
    for one, other in itertools.pairwise(held):
        # What is loaded while a descriptor runs must not lie where it reads.
        for (what, first, end), (after, start, stop) in zip(one, other, strict=True):
            assert what == after or end < start or stop < first
    decoded = {name: decode(array) for name, array in codes.items()}
    np.testing.assert_array_equal(total, conv.results(work.layer, work.phase, **decoded))
    return taken


def operands(step):
    """What the input and the weight buffer hold for a descriptor, and its first and last address."""
    command, header = step.command, step.command.header
    part = (step.images, command.first, header["rows"])
    weights = (step.gives, *part) if command.phase == Phase.WG else (step.gives, step.reads)
    return (
        ((step.reads, *part), header["x_base"], header["x_base"] + header["x_words"]),
        (weights, header["w_base"], header["w_base"] + header["w_words"]),
    )


@pytest.mark.parametrize("size", [(2, 3, 3, 2), (8, 3, 3, 8), (3, 4, 2, 4)], ids=str)
def test_drains_and_loads_are_counted_as_golden_does_them(size):
    rng = np.random.default_rng(6)
    config = CCoreConfig(ArrayConfig(*size), input_depth=4096, weight_depth=8192, psum_depth=4096)
    for _ in range(15):
        layer = random_layer(rng)
        codes = random_codes(layer, rng, config.array.pint)
        for phase in Phase:
            command = plan(layer, phase, config)
            inputs, weights = load(command, codes)
            assert (len(inputs.bank), len(weights.address)) == (input_words(command), weight_granules(command))
            numbers = [ALL_BLOCKS] if phase == Phase.WG else range(command.header["m_blocks"])
            order = [len(beats(job_of(command.header, number), config)) for number in numbers]
            assert sum(order) == drain_cycles(command)
            assert (order[0], order[-1]) == (drain_beats(command, len(order) == 1), drain_beats(command, True))


def test_a_descriptor_alone():
    config = CCoreConfig(psum_depth=4096)
    # Three output blocks of four input blocks: the drains of the first two hide.
    command = plan(Layer(3, 32, 24, 6, 8, 3, 1, 1), Phase.FP, config)
    assert (block_cycles(command), drain_beats(command)) == (4 * 48, 48)
    assert alone(command, fill=0) == 3 * 192 + 48
    assert alone(command, fill=10) == 3 * 192 + 58
    # Drains of three taps each are slower than passes: all but the first block wait for them.
    command = plan(Layer(3, 24, 72, 6, 8, 1), Phase.FP, config)
    assert (block_cycles(command), drain_beats(command)) == (48, 144)
    assert alone(command, fill=0) == 48 + 3 * 144
    assert alone(plan(Layer(3, 24, 8, 6, 8, 3, 1, 1), Phase.FP, config, drain=False), fill=0) == 3 * 48
    # A gradient leaves at once: 9 passes of 48 slots and 7 more cycles, then 8 words a pass and three beats a word.
    assert alone(plan(Layer(3, 24, 24, 6, 8, 3, 1, 1), Phase.WG, config), fill=0) == 9 * 55 + 9 * 8 * 3


def test_table_and_plot(tmp_path, capsys):
    picture = tmp_path / "made" / "cycles.svg"
    assert main(["cycles", "--net", "resnet20", "--batch", "3", "--plot", str(picture)]) == 0
    text = capsys.readouterr().out
    assert "at a clock of 200 MHz, which is assumed: " in text
    assert "121,997,184 MACs" in text
    assert text.count(" FP    ") == 22
    drawn = picture.read_text()
    assert all(name in drawn for name in ("Calc", "RdAct", "RdWt", "WrOut"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--net", "lenet"], "--net must be one of mlp, resnet8, resnet18, resnet20, vgg6, vgg16, not 'lenet'"),
        (["--net", "vgg6", "--image", "8x8"], "--image must be CxHxW such as 3x32x32, each 1 to 1024, not '8x8'"),
        (
            ["--net", "vgg6", "--image", "1x8x1025"],
            "--image must be CxHxW such as 3x32x32, each 1 to 1024, not '1x8x1025'",
        ),
        (["--net", "resnet20", "--image", "1x8x8"], "Images of resnet20 must be 3x32x32, not 1x8x8"),
        (
            ["--net", "vgg6", "--image", "1x2x2"],
            "Network node 4 must have maps of at least two pixels for its FRN, not 1x1",
        ),
        (["--net", "mlp", "--plot", ".png"], "Plot must be of a format such as .png, .svg or .pdf, not '.png'"),
        ([], "the following arguments are required: --net"),
        (["--net", "vgg16", "--batch", "0"], "--batch must be an integer from 1 to 4095, not '0'"),
        (["--net", "vgg16", "--dram-gbps", "nan"], "--dram-gbps must be a number above 0 and up to 1000000, not 'nan'"),
        (["--net", "vgg16", "--mhz", "0"], "--mhz must be a number above 0 and up to 1000000, not '0'"),
        (["--net", "vgg16", "--clusters", "99"], "Array clusters must be 1 to 64, not 99"),
        (["--net", "vgg16", "--rows", "x"], "--rows must be an integer from 1 to 16, not 'x'"),
        (["--net", "vgg16", "--psum-depth", "1"], "C-Core psum_depth must be 16 to 16384, not 1"),
        (["--net", "vgg16", "--plot", "a.xyz"], "Plot must be of a format such as .png, .svg or .pdf, not 'a.xyz'"),
        (
            ["--net", "vgg16", "--batch", "2", "--input-depth", "16"],
            "Layer 2x3x32x32 -> 64, 3x3 stride 1 padding 1 must fit the buffers in tiles of 3 rows, unlike those of "
            "8x3x3x8, input 16, weights 2048, partial sums 512",
        ),
    ],
)
def test_a_wrong_argument_is_one_sentence(arguments, message, capsys):
    assert main(["cycles", *arguments]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"
