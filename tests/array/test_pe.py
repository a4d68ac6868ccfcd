"""The PE in every form: modes that change with every cycle, against the register model."""

import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat
from hw.array.pe import Pe
from sim.engine.array import MODELS
from sim.rtl.runner import simulate


@pytest.mark.parametrize("head", [False, True], ids=["inner", "head"])
@pytest.mark.parametrize(
    ("form", "pint", "acc_bits"),
    [("dsp", (8, 3), 36), ("generic", (8, 3), 36), ("shift", (8, 3), 36), ("shift", (10, 4), 48), ("dsp", (10, 7), 32)],
)
def test_pe_follows_the_register_model(form, pint, acc_bits, head):
    k, d = pint
    parameters = {"pint": PintFormat(k, d), "form": MacForm(form), "acc_bits": acc_bits, "head": head}
    simulate(
        top="pe",
        verilog=emit(Pe(**parameters), "pe"),
        bench="sim.testbench.array.pe",
        models=MODELS[MacForm(form)],
        parameters={"form": form, "head": head, "pint": pint, "acc_bits": acc_bits},
        seed=k + acc_bits,
    )
