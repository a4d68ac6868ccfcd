"""The sum tree: every mode, changing with every cycle, for every number of rows up to six."""

import pytest

from gen.verilog.emit import emit
from hw.array.tree import SumTree
from sim.rtl.runner import simulate


@pytest.mark.parametrize(
    ("rows", "acc_bits", "min_latency"), [(1, 36, 0), (2, 32, 0), (3, 36, 0), (4, 48, 0), (6, 36, 0), (2, 36, 6)]
)
def test_tree_sums_in_every_mode(rows, acc_bits, min_latency):
    parameters = {"rows": rows, "acc_bits": acc_bits, "min_latency": min_latency}
    tree_latency = max(SumTree.base_latency(rows), min_latency)
    simulate(
        top="tree",
        verilog=emit(SumTree(**parameters), "tree"),
        bench="sim.testbench.array.tree",
        parameters={"rows": rows, "acc_bits": acc_bits, "latency": tree_latency},
        seed=rows,
    )
