"""The three forms of the MAC against golden products; all give the same bits in the same cycle."""

import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat
from hw.mac.mac import Mac
from sim.rtl.models import DSP48E1
from sim.rtl.runner import simulate

MODELS = {MacForm.DSP: [DSP48E1]}


def run(form, k, d, acc_bits, count):
    verilog = emit(Mac(pint=PintFormat(k=k, d=d), form=form, acc_bits=acc_bits), "mac")
    parameters = {"pint": (k, d), "count": count, "latency": Mac.LATENCY}
    bench = "sim.testbench.mac.mac"
    simulate(top="mac", verilog=verilog, models=MODELS.get(form, []), bench=bench, parameters=parameters)


@pytest.mark.parametrize("form", list(MacForm))
def test_all_pairs_of_the_default_format(form):
    run(form, 8, 3, 36, 65536)


@pytest.mark.parametrize("form", list(MacForm))
@pytest.mark.parametrize("k, d, acc_bits", [(8, 3, 32), (8, 3, 48), (4, 1, 36), (10, 7, 45)])
def test_other_formats_and_widths(form, k, d, acc_bits):
    run(form, k, d, acc_bits, 3000)
