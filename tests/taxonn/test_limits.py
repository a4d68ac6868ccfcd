# amaranth: UnusedElaboratable=no
"""Layers of thousands of neurons become Verilog: nothing nests as deep as a layer is long."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.verilog.emit import emit
from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from hw.lib.bits import join
from hw.taxonn.network import Network


class Joined(wiring.Component):
    """OR of as many ports as a layer may have neurons."""

    def __init__(self, count):
        super().__init__({"i": In(3).array(count), "o": Out(3)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(join(self.i))
        return m


@pytest.mark.parametrize("count", [1, 2, 3, 4095])
def test_join_is_a_balanced_tree(count):
    """One OR less than values, and none waits for more than log2 of them."""
    verilog = emit(Joined(count), "joined")
    depth = {}
    for line in verilog.splitlines():
        if line.startswith("  assign") and " | " in line:
            result, terms = line.removeprefix("  assign ").rstrip(";").split(" = ")
            depth[result] = 1 + max(depth.get(term, 0) for term in terms.split(" | "))
    assert len(depth) == count - 1
    assert max(depth.values(), default=0) == (count - 1).bit_length()


def test_a_layer_longer_than_the_stack_is_deep():
    """A chain over the neurons ended in a RecursionError from 340 of them on."""
    config = TaxonnConfig((1, 400, 1), ("linear",), (FixedFormat(1, 4),), "nearest")
    assert emit(Network(config=config), "taxonn").count("  taxonn_pe") == 401
