"""The cross-WPU sums and their overflow, with and without beats, paddings and rows to spare."""

import pytest

from gen.verilog.emit import emit
from hw.array.gradient import GradientSum
from sim.rtl.runner import simulate


@pytest.mark.parametrize(
    ("wpus", "rows", "acc_bits", "min_latency"), [(1, 2, 36, 0), (3, 3, 36, 5), (2, 5, 32, 0), (5, 3, 48, 4)]
)
def test_sums_and_overflow(wpus, rows, acc_bits, min_latency):
    component = GradientSum(wpus=wpus, rows=rows, acc_bits=acc_bits, min_latency=min_latency)
    parameters = {"wpus": wpus, "rows": rows, "acc_bits": acc_bits, "latency": component.latency}
    simulate(
        top="gradient",
        verilog=emit(component, "gradient"),
        bench="sim.testbench.array.gradient",
        parameters=parameters,
        seed=wpus,
    )
