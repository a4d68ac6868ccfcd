# amaranth: UnusedElaboratable=no
"""The drain against its golden order: all modes over array sizes, random stalls, and the cycle of every beat."""

import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.ccore.drain import Drain
from sim.rtl.runner import simulate

#: clusters, wpus, rows, psum_depth; latency of the memory.
SIZES = [((2, 3, 3, 64), 2), ((1, 1, 1, 16), 1), ((3, 4, 5, 40), 4)]


@pytest.mark.parametrize("sizes, latency", SIZES)
def test_beats_are_golden(sizes, latency):
    clusters, wpus, rows, depth = sizes
    array = ArrayConfig(clusters=clusters, wpus=wpus, rows=rows, channels=1)
    drain = Drain(config=CCoreConfig(array=array, psum_depth=depth), latency=latency)
    parameters = {"sizes": sizes, "latency": latency, "fill": Drain.LATENCY, "jobs": 5}
    simulate(top="drain", verilog=emit(drain, "drain"), bench="sim.testbench.ccore.drain", parameters=parameters)


def test_init_wrong_latency():
    with pytest.raises(ValueError, match=r"^Drain latency must be at least 1, not 0$"):
        Drain(config=CCoreConfig(), latency=0)
