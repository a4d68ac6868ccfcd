"""The three forms of the MAC against golden products; all give the same bits in the same cycle."""

from pathlib import Path

import pytest

import sim
from gen.emit import emit
from hw.mac.mac import Mac
from hw.spec.config import MacForm
from hw.spec.pint import PintFormat
from sim.runner import simulate

MODELS = {MacForm.DSP: [Path(sim.__file__).parent / "models" / "DSP48E1.v"]}


def run(form, k, d, acc_bits, count):
    verilog = emit(Mac(pint=PintFormat(k=k, d=d), form=form, acc_bits=acc_bits), "mac")
    env = {"PINT": f"{k},{d}", "COUNT": str(count), "LATENCY": str(Mac.LATENCY)}
    simulate(top="mac", verilog=verilog, models=MODELS.get(form, []), bench="sim.benches.mac", env=env)


@pytest.mark.parametrize("form", list(MacForm))
def test_all_pairs_of_the_default_format(form):
    run(form, 8, 3, 36, 65536)


@pytest.mark.parametrize("form", list(MacForm))
@pytest.mark.parametrize("k, d, acc_bits", [(8, 3, 32), (8, 3, 48), (4, 1, 36), (10, 7, 45)])
def test_other_formats_and_widths(form, k, d, acc_bits):
    run(form, k, d, acc_bits, 3000)
