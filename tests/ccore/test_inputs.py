"""The input network on the generated Verilog: every pattern of reads, mode of the lanes and mask, bit for bit."""

import numpy as np
import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.ccore.config import CCoreConfig, Lanes
from hw.ccore.crossbar import class_count
from hw.ccore.inputs import InputNetwork
from sim.golden.ccore import inputs as golden
from sim.rtl.runner import simulate
from sim.workloads.input_slots import save_slots

SIZES = [
    (1, 1, 1, 1),
    (2, 3, 3, 5),
    (1, 2, 5, 3),
    (2, 1, 3, 4),
    pytest.param((8, 3, 3, 8), marks=pytest.mark.full_size),
]
DEPTH = 16


@pytest.mark.parametrize("sizes", SIZES)
def test_lanes_of_random_slots(sizes, tmp_path):
    config, cycles = CCoreConfig(array=ArrayConfig(*sizes), input_depth=DEPTH), 1500
    print(f"seed {sum(sizes)}")
    rng = np.random.default_rng(sum(sizes))
    save_slots(tmp_path / "slots.npz", rng, config, cycles, InputNetwork.READ)
    simulate(
        top="input_network",
        verilog=emit(InputNetwork(config=config), "input_network"),
        bench="sim.testbench.ccore.input_network",
        parameters={
            "slots": tmp_path / "slots.npz",
            "array": sizes,
            "depth": DEPTH,
            "latency": InputNetwork.LATENCY,
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
        [30, 40, 50],
        [40, 40, 50],
        [40, 50, 50],
        [40, 40, 40],
    ]
    assert lanes(Lanes.PACKED, 0).tolist() == [[n, 10 * n, 100 * n] for n in (3, 4, 5, 6)]
