"""Descriptors of layers: cycles, regions, fields and their ranges."""

import numpy as np
import pytest

from gen.compiler.ccore.plan import plan
from gen.compiler.ccore.tile import Tile
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import LOOP, CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, Code, Descriptor
from hw.arch.ccore.drain import DrainMode
from hw.arch.ccore.regions import InputRegion, WeightRegion
from sim.golden.ccore.regions import input_writes, weight_writes

FULL = CCoreConfig()
SIZES = [(8, 3, 3, 8), (4, 2, 3, 8), (16, 3, 3, 8), (8, 3, 1, 8), (2, 4, 4, 2), (1, 1, 1, 1)]


def ceil(a, b):
    return -(-a // b)


def pass_cycles(phase, slots, size):
    _, wpus, rows, channels = size
    return max(slots + channels * ceil(rows, wpus) - 1 if phase == Phase.WG else max(slots, channels), LOOP)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("phase", Phase)
def test_cycles_of_3x3_follow_the_table(phase, stride, size):
    clusters, wpus, rows, channels = size
    layer = Layer(6, 19, 21, 10, 12, 3, stride, 1)
    command = plan(layer, phase, CCoreConfig(ArrayConfig(*size)))
    outputs, inputs = (19, 21) if phase == Phase.BP else (21, 19)
    passes = ceil(outputs, clusters) * ceil(inputs, channels) * ceil(3, rows)
    if phase == Phase.BP and stride == 2 and rows == 1:
        # An array of one row gives the classes of its outer rows only: kernel row 1 takes a pass for each column class.
        passes = passes // 3 * 4
    slots = ceil(6 * 10 // stride, wpus) * 12 // stride
    assert command.passes == passes
    assert command.cycles() == passes * pass_cycles(phase, slots, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("phase", Phase)
def test_cycles_of_1x1_follow_the_table(phase, stride, size):
    clusters, wpus, rows, channels = size
    config = CCoreConfig(ArrayConfig(*size))
    layer = Layer(6, 3 * config.block, 5 * config.block, 10, 12, 1, stride)
    groups = min(3, rows)
    blocks = ceil(3, groups) * ceil(5, groups) * config.block**2 // (clusters * channels)
    slots = ceil(6 * 10 // stride, wpus) * 12 // stride
    command = plan(layer, phase, config)
    assert command.passes == blocks
    assert command.cycles() == blocks * pass_cycles(phase, slots, size)


def test_cycles_of_fc_are_those_of_its_weight_loads():
    for phase, length in ((Phase.FP, 8), (Phase.BP, 8), (Phase.WG, 8)):
        assert plan(Layer(1, 24, 24), phase, FULL).cycles() == length
        assert plan(Layer(1, 240, 48), phase, FULL).cycles() == 20 * length


@pytest.mark.parametrize(("rows", "passes"), [(3, 3), (4, 2), (7, 1), (1, 7)])
@pytest.mark.parametrize("phase", [Phase.FP, Phase.WG])
def test_cycles_of_packed_7x7(phase, rows, passes):
    layer = Layer(1, 3, 20, 24, 112, 7, 2, 3)
    size = (8, 3, rows, 8)
    command = plan(layer, phase, CCoreConfig(ArrayConfig(*size), psum_depth=16))
    # One slot before each row brings the pixels to the right of the newest word of slot 0.
    assert command.header["pattern"] == Code[f"{phase}_PACKED"]
    assert command.cycles() == 3 * passes * pass_cycles(phase, 12 // 3 * (56 + 1), size)


def test_regions_hold_every_code_once():
    rng = np.random.default_rng(1)
    config = CCoreConfig(ArrayConfig(2, 3, 3, 4), input_depth=256, weight_depth=512)
    for channels, kernel, point in ((9, 3, False), (30, 1, True), (5, 5, False)):
        x, w = rng.integers(1, 256, (2, channels, 5, 7)), rng.integers(1, 256, (11, channels, kernel, kernel))
        inputs = InputRegion(config, 2, channels, 5, 7, 6, 3)
        weights = WeightRegion(config, 11, channels, kernel, point, base=4)
        writes = input_writes(inputs, x)
        places = set(zip(writes.bank.tolist(), writes.address.tolist(), strict=True))
        assert len(places) == len(writes.bank)
        assert 3 <= writes.address.min()
        assert writes.address.max() < 3 + inputs.words
        np.testing.assert_array_equal(np.sort(writes.data[writes.data > 0]), np.sort(x.ravel()))
        assert inputs.place(1, 1, 2) in places
        stored = weight_writes(weights, w)
        assert 4 <= stored.address.min()
        assert stored.address.max() < 4 + weights.words
        np.testing.assert_array_equal(np.sort(stored.data[stored.data > 0]), np.sort(w.ravel()))


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (1, 2), (7, 2)])
def test_a_tile_loads_only_the_rows_that_it_reads(phase, kernel, stride):
    layer = Layer(1, 4, 4, 20, 9, kernel, stride, kernel // 2)
    rows = plan(layer, phase, FULL).header["rows"]
    height = layer.out_height if phase == Phase.BP else layer.height
    for first in range(rows):
        command = plan(layer, phase, FULL, tile=Tile(first, 1))
        assert (command.first, command.header["rows"]) == (first, 1)
        assert command.inputs.height == command.header["read_rows"] <= kernel
        assert 0 <= command.loaded <= height - command.inputs.height
    whole = plan(layer, phase, FULL, tile=Tile(0, rows))
    assert whole.cycles() == plan(layer, phase, FULL).cycles()


@pytest.mark.parametrize(("batch", "first", "rows"), [(2, 0, 4), (1, 0, 0), (1, -1, 2), (1, 3, 8)])
def test_tiles_outside_of_an_image_are_refused(batch, first, rows):
    message = r"A tile must hold 1 to 10 rows of a single image, not Tile\(.*\) of \d images"
    with pytest.raises(ValueError, match=message):
        plan(Layer(batch, 4, 4, 10, 10, 3, 1, 1), Phase.FP, FULL, tile=Tile(first, rows))


def test_kernels_of_too_many_windows_are_refused():
    with pytest.raises(ValueError, match="A kernel must have at most 32 windows, not 35: 1x1x14x14 -> 1, 14x14"):
        plan(Layer(1, 1, 1, 14, 14, 14, 1), Phase.FP, CCoreConfig(ArrayConfig(2, 2, 2, 2)))


def test_row_groups_do_not_share_where_that_takes_too_many_entries():
    command = plan(Layer(3, 11, 20, 3, 4, 7, 1, 3), Phase.FP, CCoreConfig(ArrayConfig(3, 4, 2, 4)))
    assert (len(command.entries), command.header["segment"]) == (12, 0)


def test_a_number_that_does_not_fit_its_field_is_named():
    with pytest.raises(ValueError, match="Descriptor images must be 0 to 4095, not 4096"):
        plan(Layer(4096, 1, 1, 1, 1), Phase.FP, FULL).words()


def test_sums_take_a_pass_for_each_tap_of_a_1x1_layer():
    layer = Layer(2, 50, 60, 6, 7)
    plain, summed = (plan(layer, Phase.FP, FULL, sums=sums) for sums in (False, True))
    assert [fields["idle"] for fields, _ in summed.entries] == [0, 1, 1]
    # The passes without products come in the last c block alone.
    assert summed.passes == plain.passes + 2 * plain.header["m_blocks"]
    assert summed.cycles() == plain.cycles() + 2 * plain.header["m_blocks"] * 4 * 7
    # WPUs hand their sums over one by one: an image of one slot waits for them.
    (fields, _), *_ = plan(Layer(9, 8, 8, 1, 1), Phase.FP, FULL, sums=True).entries
    assert fields["lead"] == 2


@pytest.mark.parametrize(("channels", "taps"), [(24, 3), (25, 1), (32, 1), (33, 2), (41, 3), (48, 3)])
def test_the_last_block_of_a_1x1_layer_drains_the_taps_that_hold_channels(channels, taps):
    header = plan(Layer(1, 8, channels, 3, 3), Phase.FP, FULL).header
    assert (header["taps"], header["taps_last"]) == (3, taps)


def test_rows_advance_by_the_array():
    header = plan(Layer(7, 8, 8, 2, 5, 3, 1, 1), Phase.FP, FULL).header
    assert (header["row_step"], header["bank_advance"], header["row_advance"]) == (1, 3, 0)
    # Without padding the read rows need a pitch of one more than the rows with results.
    header = plan(Layer(2, 8, 8, 7, 7, 3, 2), Phase.FP, FULL).header
    assert (header["rows"], header["pitch"], header["row_step"]) == (3, 4, 3)
    header = plan(Layer(1, 8, 8, 30, 5, 3, 2, 1), Phase.FP, CCoreConfig(ArrayConfig(2, 5, 3, 2))).header
    banks, rows = CCoreConfig(ArrayConfig(2, 5, 3, 2)).banks, 2 * 5
    assert (header["row_step"], header["bank_advance"]) == (5, rows % banks)
    assert header["row_advance"] == rows // banks * 3


def test_words_carry_the_fields():
    command = plan(Layer(2, 9, 10, 6, 7, 3, 2, 1), Phase.BP, FULL, x_base=5, w_base=9, tag=77)
    words = command.words()
    assert len(words) == HEADER.units + len(command.entries) * (ENTRY.units + FULL.array.rows)
    found = Descriptor.decode(words, FULL.array.rows)
    assert {name: found.header[name] for name in ("tag", "pattern", "x_base")} == {
        "tag": 77,
        "pattern": Code.BP_S2,
        "x_base": 5,
    }
    ports = [list(row) for row in command.header["ports"]]
    assert found == Descriptor({**command.header, "ports": ports}, list(command.entries))
    assert found.words() == words


@pytest.mark.parametrize("length", [13, 14, -1, 1])
def test_a_descriptor_of_a_wrong_length_is_refused(length):
    words = plan(Layer(2, 9, 10, 6, 7, 3, 2, 1), Phase.BP, FULL).words()
    words = words + [0] if length == 1 else words[:length]
    with pytest.raises(ValueError, match=r"Descriptor (of 1 entries )?must have (14|23) words, not (13|14|22|24)"):
        Descriptor.decode(words, FULL.array.rows)


@pytest.mark.parametrize("phase", [Phase.BP, Phase.WG])
def test_sums_of_other_phases_are_refused(phase):
    with pytest.raises(ValueError, match=rf"^Sums of \|x\| must be those of FP, not of {phase}$"):
        plan(Layer(1, 4, 4, 5, 5, 3, 1, 1), phase, FULL, sums=True)


@pytest.mark.parametrize("sums", [False, True])
def test_pieces_of_a_layer_lie_alike_with_and_without_sums(sums):
    """A first piece that leaves its sums and a last one that continues them; a descriptor by itself shares rows."""
    layer, config = Layer(2, 4, 5, 5, 2, 4, 1, 3), CCoreConfig(ArrayConfig(1, 4, 3, 2))
    first = plan(layer, Phase.FP, config, drain=False).header
    last = plan(layer, Phase.FP, config, accumulate=True, sums=sums).header
    assert [header["drain_mode"] for header in (first, last)] == [DrainMode.DENSE] * 2
    whole = plan(Layer(1, 9, 2, 20, 9, 7, 1, 3), Phase.FP, CCoreConfig(ArrayConfig(1, 3, 3, 8)))
    assert whole.header["drain_mode"] == DrainMode.SEGMENTS


@pytest.mark.parametrize("layer", [Layer(2, 4, 4, 12, 12, 3, stride, 1) for stride in (1, 2)], ids=str)
@pytest.mark.parametrize("phase", Phase)
def test_no_product_with_an_inserted_or_skipped_zero(phase, layer):
    """Slots times MACs are the products of the layer: every MAC has one in every slot, at stride 2 too."""
    config = CCoreConfig(ArrayConfig(2, 3, 3, 4))
    command = plan(layer, phase, config)
    blocks = command.header["m_blocks"] * command.header["c_blocks"]
    assert blocks * sum(command.slots(fields) for fields, _ in command.entries) * config.array.macs == layer.macs
