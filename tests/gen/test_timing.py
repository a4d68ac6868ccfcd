"""Static timing: hand-made netlists of known delays, the settings of macros, and Yosys's own analysis to the ps."""

import math
import re
import subprocess
from typing import Any

import pytest

from gen.cost.synthesis import YOSYS, synthesise
from gen.cost.timing.analysis import Analysis
from gen.cost.timing.macros import block_ram, dsp48e1
from gen.cost.timing.models import MODELS
from gen.cost.timing.netlist import from_json, read
from gen.cost.timing.summary import summarise, table
from gen.errors import UserError

Y, V = MODELS


def cell(kind, inputs, outputs, parameters=None):
    """A cell as Yosys writes it; each pin or port with its nets."""
    pins = {port: bits if isinstance(bits, list) else [bits] for port, bits in (inputs | outputs).items()}
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    return {"type": kind, "parameters": parameters or {}, "connections": pins, "port_directions": directions}


def flop(d, q, **inputs):
    return cell("FDRE", {"C": 1, "CE": "1", "R": "0", "D": d, **inputs}, {"Q": q})


def design(names=None, **cells):
    names = {"clk": 1, "port": 2, **(names or {})}
    return from_json(
        {
            "ports": {"clk": {"direction": "input", "bits": [1]}, "port": {"direction": "input", "bits": [2]}},
            "netnames": {name: {"bits": [net]} for name, net in names.items()},
            "cells": cells,
        }
    )


#: From a register through a LUT, which two pins read, and a carry chain into a register; beside it a short path.
CHAIN = {
    "from_": flop(2, 10),
    "lut": cell("LUT2", {"I0": "0", "I1": 10}, {"O": 11}),
    "copy": flop(10, 12),
    "carry": cell("CARRY4", {"CI": "0", "S": [11, "0", "0", "0"], "DI": ["0"] * 4}, {"O": ["x", "x", "x", 13]}),
    "to": flop(13, 14),
    "scope": cell("$scopeinfo", {}, {}),
}
NAMES = {"unit_0.a": 10, "unit_1.copy": 12, "unit_1.sum": 14, "carried": 13}


def test_known_delays_of_model_y():
    analysis = Analysis(design(NAMES, **CHAIN), Y)
    # Clock to Q 303, LUT2 from I1 127, S[0] to O[3] of the carry chain 582, setup 0.
    assert {end.cell.name: end.delay for end in analysis.endpoints} == {"to": 303 + 127 + 582, "copy": 303, "from_": 0}
    path = analysis.path(analysis.endpoints[0])
    assert (path.start, path.end, path.levels) == ("unit_0.a", "unit_1.sum.D", {"LUT": 1, "CARRY4": 1})
    assert (path.fan_out, path.through) == (2, ["unit_0.a", "net 11", "carried"])


def test_known_delays_of_model_v():
    analysis = Analysis(design(NAMES, **CHAIN), V)
    net_of_two = 350 + 65 * math.log2(2)
    # The nets into the carry chain and from it into the register lie in the slice.
    expected = {"to": 216 + net_of_two + 43 + 0.43 * 582, "copy": 216 + net_of_two, "from_": 350}
    assert {end.cell.name: end.delay for end in analysis.endpoints} == expected


def test_setup_of_enable_and_reset():
    netlist = design(r=flop("0", 10, CE=2, R=2))
    assert {end.pin: end.delay for end in Analysis(netlist, Y).endpoints} == {"CE": 109, "R": 404}
    assert {end.pin: end.delay for end in Analysis(netlist, V).endpoints} == {"CE": 415 + 60, "R": 415 + 180}


def test_ports_of_several_bits_and_output_registers_of_block_ram():
    pins = {"ADDRARDADDR": [2, 2], "ENARDEN": 2}, {"DOADO": [20, 21]}
    ram = cell("RAMB18E1", *pins, {"DOA_REG": "0"})
    registered = cell("RAMB18E1", {}, {"DOADO": [22]}, {"DOA_REG": "00000000000000000000000000000001"})
    netlist = design(ram=ram, registered=registered, slow=flop(21, 30), fast=flop(22, 31))
    found = {(end.cell.name, end.pin): end.delay for end in Analysis(netlist, Y).endpoints}
    assert found["slow", "D"] == 2454
    assert found["fast", "D"] == 882
    assert found["ram", "ADDRARDADDR[1]"] == 566
    assert ("ram", "ENARDEN") not in found
    assert {end.pin for end in Analysis(netlist, V).endpoints} >= {"ENARDEN", "ADDRARDADDR[0]"}


def test_registers_decide_a_dsp():
    none: dict[str, Any] = dict.fromkeys(("AREG", "BREG", "CREG", "DREG", "ADREG", "MREG", "PREG"), 0)
    assert dsp48e1(none).through["A", "P"] == 2823
    assert "P" not in dsp48e1(none).clock
    assert dsp48e1({**none, "PREG": 1}).setup["A"] == 2739
    assert dsp48e1({**none, "AREG": 1}).clock["P"] == 2952
    assert dsp48e1({**none, "AREG": 1, "USE_MULT": "NONE"}).clock["P"] == 1632
    assert dsp48e1({**none, "MREG": 1}).setup["B"] == 1285
    full = dsp48e1({})
    assert (full.clock["P"], full.clock["PCOUT"], full.setup["A"], full.setup["PCIN"]) == (329, 435, 254, 1025)
    assert full.through == {}
    assert block_ram({"DOB_REG": 1}).clock == {"DOADO": 2454, "DOPADOP": 2454, "DOBDO": 882, "DOPBDOP": 882}


def test_summary_counts_paths_modules_and_bars():
    result = summarise(design(NAMES, **CHAIN), 1.0)
    y, v = result["models"]
    assert (result["period_ns"], y["name"], v["name"]) == (1.0, "Y", "V")
    assert (y["worst_ns"], y["endpoints"], y["over"], y["unknown"]) == (1.012, 3, 1, {})
    assert (y["paths"][0]["delay_ns"], y["paths"][0]["slack_ns"]) == (1.012, -0.012)
    assert {each["module"]: (each["endpoints"], each["over"]) for each in y["modules"]} == {"unit_*": (3, 1)}
    assert y["histogram"] == {"step_ns": 0.25, "endpoints": [1, 1, 0, 0, 1]}
    assert v["worst_ns"] == 0.924
    text = table(result)
    assert "Model Y" in text
    assert "+-25 %" in text
    assert "1.012  -0.012" in text
    assert "MHz" not in text


def test_an_unknown_cell_is_named():
    result = summarise(design(strange=cell("XADC", {"D": 2}, {"Q": 10}), r=flop(10, 11)), 5.0)
    assert [model["unknown"] for model in result["models"]] == [{"XADC": 1}] * 2
    assert "Without delays, so no path counts through: 1 XADC." in table(result)
    assert result["models"][0]["endpoints"] == 0


def test_a_loop_is_refused():
    loop = {"one": cell("LUT1", {"I0": 10}, {"O": 11}), "two": cell("LUT1", {"I0": 11}, {"O": 10})}
    with pytest.raises(
        UserError, match=r"Timing needs a design without combinational loop, not one through (here|net)"
    ):
        Analysis(design({"here": 10}, **loop), Y)


#: A carry chain, a multiplier with registers, a shift register and an enable.
SMALL = """
module small(input clk, input en, input signed [9:0] a, b, output reg [23:0] sum, output reg last);
  reg signed [9:0] a_q, b_q;
  reg signed [19:0] product;
  reg [9:0] shift;
  always @(posedge clk) begin
    a_q <= a;
    b_q <= b;
    product <= a_q * b_q;
    shift <= {shift[8:0], sum[23] ^ product[3]};
    last <= shift[9];
    if (en) sum <= sum + (product ^ {20{sum[5]}});
  end
endmodule
"""


def test_model_y_agrees_with_yosys(tmp_path):
    (tmp_path / "small.v").write_text(SMALL)
    used = synthesise([tmp_path / "small.v"], "small", flatten=True, netlist=tmp_path / "small.json")["small"]
    assert used.keys() >= {"CARRY4", "DSP48E1", "SRL16E", "FDRE"}
    netlist = read(tmp_path / "small.json", "small")
    # The library is read anew, or `sta` misses the arcs of flip-flops and carries.
    script = "read_json small.json; delete =t:$scopeinfo; delete =A:blackbox =A:whitebox =A:lib_whitebox; "
    script += "read_verilog -lib -specify +/xilinx/cells_sim.v; sta"
    done = subprocess.run([*YOSYS, "-p", script], cwd=tmp_path, check=True, capture_output=True, text=True)
    latest = re.search(r"Latest arrival time in 'small' is (\d+)", done.stdout)
    assert latest is not None
    analysis = Analysis(netlist, Y)
    assert analysis.endpoints[0].delay == int(latest[1])
    assert analysis.unknown == {}
    assert analysis.path(analysis.endpoints[0]).levels["CARRY4"] > 1
    assert Analysis(netlist, V).unknown == {}
