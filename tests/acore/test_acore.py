# amaranth: UnusedElaboratable=no
"""The A-Core against the golden interpreter of its microprograms."""

import pytest

from gen.verilog.emit import emit
from hw.acore.acore import ACore
from hw.arch.acore.config import ACORE_RANGES, ACoreConfig
from sim.rtl.runner import simulate


def run(*, apus, lanes, count, acc_bits=36, testcase=None):
    config = ACoreConfig(apus=apus, lanes=lanes, acc_bits=acc_bits)
    parameters = {"apus": apus, "lanes": lanes, "acc_bits": acc_bits, "count": count}
    verilog = emit(ACore(config=config), "acore")
    bench = "sim.testbench.acore.acore"
    simulate(top="acore", verilog=verilog, bench=bench, parameters=parameters, testcase=testcase)


def test_every_microprogram():
    run(apus=1, lanes=3, count=60)


def test_one_lane():
    run(apus=1, lanes=1, count=40, testcase="every_microprogram")


def test_apus_share_the_divider():
    run(apus=2, lanes=2, count=20, acc_bits=48, testcase="every_microprogram")


@pytest.mark.parametrize("name", ACORE_RANGES)
def test_init_wrong_size(name):
    low, high = ACORE_RANGES[name]
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"A-Core {name} must be {low} to {high}, not {value}"):
            ACoreConfig(**{name: value})
    with pytest.raises(TypeError, match=f"A-Core {name} must be an integer, not 2.0"):
        ACoreConfig(**{name: 2.0})


def test_init_wrong_config():
    with pytest.raises(TypeError, match="A-Core config must be an ACoreConfig, not 3"):
        ACore(config=3)
