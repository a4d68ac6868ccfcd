# amaranth: UnusedElaboratable=no
"""The conversion unit against golden's `encode`, for several formats."""

import pytest

from gen.verilog.emit import emit
from hw.arch.pint import PintFormat
from hw.arith.convert import Convert
from hw.arith.statistics import Statistics
from sim.rtl.runner import simulate


def run(k, d, count, **parameters):
    verilog = emit(Convert(pint=PintFormat(k=k, d=d), **parameters), "convert")
    values = {"pint": (k, d), "count": count, "latency": Convert.LATENCY}
    simulate(top="convert", verilog=verilog, bench="sim.testbench.arith.convert", parameters=values)


def test_every_value_of_the_default_format():
    run(8, 3, 8192)


@pytest.mark.parametrize("k, d", [(4, 1), (6, 2), (10, 1), (10, 7)])
def test_other_formats(k, d):
    run(k, d, 600)


def test_the_count_stops_at_its_maximum():
    run(8, 3, 300, count_width=3)


def test_init_wrong_pint():
    with pytest.raises(TypeError, match=r"^Convert pint must be a PintFormat, not \(8, 3\)$"):
        Convert(pint=(8, 3))


def test_init_wrong_count_width():
    with pytest.raises(ValueError, match=r"^Statistics count_width must be at least 3, not 2$"):
        Statistics(count_width=2)
