"""The input network on the generated Verilog: every pattern of reads, mode of the lanes and mask, bit for bit."""

import numpy as np
import pytest

from gen.emit import emit
from hw.ccore.crossbar import class_count
from hw.ccore.inputs import InputNetwork
from hw.spec.ccore import WORD_PIXELS, CCoreConfig, Lanes
from hw.spec.config import TAPS, ArrayConfig
from sim.golden.ccore import inputs as golden
from sim.runner import simulate

SIZES = [
    (1, 1, 1, 1),
    (2, 3, 3, 5),
    (1, 2, 5, 3),
    (2, 1, 3, 4),
    pytest.param((8, 3, 3, 8), marks=pytest.mark.full_size),
]
DEPTH = 16


def random_banks(rng, config, cycles):
    """Banks [cycle][w][r]: kernel rows, channel groups, rows of BP at stride 2, and any base for each r."""
    w, r = np.indices((config.array.wpus, config.array.rows))
    group = config.turn * config.block // config.array.channels
    bases = rng.integers(0, config.banks, (cycles, 1, config.array.rows))
    for kind, base in enumerate((r, group * r, r == 0)):
        bases[kind::4] = base[0]
    start, stride = rng.integers(0, config.banks, (cycles, 1, 1)), rng.integers(1, 3, (cycles, 1, 1))
    return (start + stride * w + bases) % config.banks


def random_slots(rng, config, cycles):
    """Fields of the writes, reads and windows of all cycles; a bank is asked for one row a cycle."""
    array, codes = config.array, 1 << config.array.pint.k
    banks = random_banks(rng, config, cycles)
    rows = rng.integers(0, DEPTH, (cycles, config.banks))
    modes = [lanes for lanes in Lanes if lanes != Lanes.PACKED or array.channels > TAPS]

    def bits(*shape, share=0.7):
        return (rng.random((cycles, *shape)) < share).astype(np.int64)

    write = {
        "enable": bits(),
        "bank": rng.integers(0, config.banks, cycles),
        "address": rng.integers(0, DEPTH, cycles),
        "data": rng.integers(0, codes, (cycles, WORD_PIXELS, array.channels)),
    }
    read = {
        "bank": banks,
        "row": rows[np.arange(cycles)[:, None, None], banks],
        "word": rng.integers(-DEPTH, DEPTH, cycles),
    }
    window = {
        "push": bits(),
        "lanes": rng.choice([lanes.value for lanes in modes], cycles),
        "odd": bits(share=0.5),
        "row_ok": bits(array.wpus, array.rows),
        "tap_ok": bits(TAPS),
        "pixel_ok": bits(array.channels),
    }
    return write, read, window


def golden_lanes(config, write, read, window):
    """The lanes of all slots, from an empty buffer."""
    array = config.array
    memory = np.zeros((config.banks, DEPTH, WORD_PIXELS, array.channels), dtype=np.int64)
    writes = [
        (cycle, write["bank"][cycle], write["address"][cycle], write["data"][cycle])
        for cycle in np.flatnonzero(write["enable"])
    ]
    words = golden.words(memory, writes, read["bank"], read["row"], read["word"], InputNetwork.READ)
    mode = window["lanes"]
    return golden.lanes(
        words, window["push"], mode, *(window[name] for name in ("odd", "row_ok", "tap_ok", "pixel_ok"))
    )


@pytest.mark.parametrize("sizes", SIZES)
def test_lanes_of_random_slots(sizes, tmp_path):
    config, cycles = CCoreConfig(array=ArrayConfig(*sizes), input_depth=DEPTH), 1500
    rng = np.random.default_rng(sum(sizes))
    print(f"seed {sum(sizes)}")
    slots = random_slots(rng, config, cycles)
    fields = {
        f"{part}.{name}": values
        for part, its in zip(("write", "read", "window"), slots, strict=True)
        for name, values in its.items()
    }
    np.savez(tmp_path / "slots.npz", x=golden_lanes(config, *slots), **fields)
    simulate(
        top="input_network",
        verilog=emit(InputNetwork(config=config), "input_network"),
        bench="sim.benches.input_network",
        env={
            "INPUT_NETWORK": str(tmp_path / "slots.npz"),
            "CCORE": ",".join(map(str, (*sizes, DEPTH))),
            "LATENCY": str(InputNetwork.LATENCY),
        },
    )


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (2, 3, 3, 2), (1, 2, 5, 3), (3, 4, 2, 1), (2, 5, 3, 4), (8, 3, 3, 8)])
def test_no_row_meets_a_class_twice(sizes):
    """The crossbar's classes hold for every base and stride of the WPUs, and the banks' address for every pattern."""
    config = CCoreConfig(array=ArrayConfig(*sizes))
    classes, w = class_count(config), np.arange(config.array.wpus)
    assert config.banks % classes == 0
    for base in range(config.banks):
        for stride in (1, 2):
            its = (base + stride * w) % config.banks % classes
            assert len(set(its)) == len(w)


def test_lanes_of_a_row_by_hand():
    """Pixels 1, 2 | 3, 4 | 5, 6: what each mode takes at an even and at an odd newest pixel."""
    word = np.arange(1, 7).reshape(3, 1, 1, 2, 1) * np.array([1, 10, 100, 1000])
    on = np.ones((3, 4), dtype=int)

    def lanes(mode, odd):
        odd = np.full(3, odd)
        x = golden.lanes(word, on[:, 0], np.full(3, mode.value), odd, on[:, :1, None], on[:, :TAPS], on)
        return x[2, 0, 0]

    assert [lanes(mode, 1)[0].tolist() for mode in list(Lanes)[:4]] == [[4, 5, 6], [5, 5, 6], [5, 6, 6], [5, 5, 5]]
    assert [lanes(mode, 0)[1].tolist() for mode in list(Lanes)[:4]] == [
        [30, 40, 50], [40, 40, 50], [40, 50, 50], [40, 40, 40],
    ]  # fmt: skip
    assert lanes(Lanes.PACKED, 0).tolist() == [[n, 10 * n, 100 * n] for n in (3, 4, 5, 6)]
