# amaranth: UnusedElaboratable=no
"""The partial sums and the sums of |x| against golden, over array sizes, with the drain beside the array."""

import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.ccore.psums import PartialSums
from sim.rtl.runner import simulate

#: clusters, wpus, acc_bits, psum_depth, images
SIZES = [(1, 1, 36, 16, 1), (2, 3, 36, 16, 4), (3, 2, 48, 20, 3)]


@pytest.mark.parametrize("sizes", SIZES)
def test_partial_sums_are_golden(sizes):
    clusters, wpus, acc_bits, depth, images = sizes
    array = ArrayConfig(clusters=clusters, wpus=wpus, rows=1, channels=1, acc_bits=acc_bits)
    sums = PartialSums(config=CCoreConfig(array=array, psum_depth=depth, images=images))
    timing = {name.lower(): getattr(sums, name) for name in ("LATENCY", "LOOP", "DRAIN_LATENCY")}
    parameters = {"sizes": sizes, **timing}
    simulate(top="psums", verilog=emit(sums, "psums"), bench="sim.testbench.ccore.psums", parameters=parameters)
