# amaranth: UnusedElaboratable=no
"""The random unit and its hash against the golden model."""

import pytest

from gen.verilog.emit import emit
from hw.arch.hash import KEY_ROUNDS
from hw.arith.hash32 import Hash32
from hw.arith.random16 import Random16
from sim.rtl.runner import simulate


def test_random16():
    simulate(top="random16", verilog=emit(Random16(), "random16"), bench="sim.testbench.arith.random16")


@pytest.mark.parametrize("rounds", [1, KEY_ROUNDS])
def test_hash32(rounds):
    verilog = emit(Hash32(rounds=rounds), "hash32")
    simulate(top="hash32", verilog=verilog, bench="sim.testbench.arith.random16", parameters={"rounds": rounds})


@pytest.mark.parametrize("rounds", [0, 17])
def test_init_wrong_rounds(rounds):
    with pytest.raises(ValueError, match=f"^Hash rounds must be 1 to 16, not {rounds}$"):
        Hash32(rounds=rounds)


def test_init_wrong_kind_of_rounds():
    with pytest.raises(TypeError, match=r"^Hash rounds must be an integer, not 8\.0$"):
        Hash32(rounds=8.0)
