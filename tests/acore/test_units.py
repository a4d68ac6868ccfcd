# amaranth: UnusedElaboratable=no
"""The units of an APU, one by one."""

import pytest
from amaranth.hdl import Shape

from gen.verilog.emit import emit
from hw.acore.flow import Flow
from hw.acore.functions import Functions
from hw.acore.lane import LaneSums
from hw.acore.scalar import Scalar
from hw.acore.sums import Sums
from hw.arch.pint import PintFormat
from hw.arith.rounder import Rounder
from sim.rtl.runner import simulate
from sim.testbench.acore.programs import random_code
from sim.workloads.lane_units import LANE_UNITS


@pytest.mark.parametrize("seed", [1, 2])
def test_random_programs(seed):
    verilog = emit(Scalar(code=tuple(random_code(seed))), "scalar")
    parameters = {"code": seed, "starts": 25}
    simulate(top="scalar", verilog=verilog, bench="sim.testbench.acore.scalar", parameters=parameters)


@pytest.mark.parametrize("lanes", [1, 3, 4])
def test_sums(lanes):
    fields = {name: Shape.cast(shape).width for name, shape in LaneSums.as_shape().members.items()}
    parameters = {"lanes": lanes, "fields": fields}
    simulate(
        top="sums", verilog=emit(Sums(lanes=lanes), "sums"), bench="sim.testbench.acore.sums", parameters=parameters
    )


def test_beats():
    simulate(top="flow", verilog=emit(Flow(lanes=8), "flow"), bench="sim.testbench.acore.flow", parameters={"lanes": 8})


@pytest.mark.parametrize("apus", [1, 3])
def test_functions(apus):
    verilog = emit(Functions(apus=apus), "functions")
    simulate(top="functions", verilog=verilog, bench="sim.testbench.acore.functions", parameters={"apus": apus})


@pytest.mark.parametrize("name", LANE_UNITS)
def test_lane(name):
    bench, make = LANE_UNITS[name]
    simulate(top="unit", verilog=emit(make(), "unit"), bench=bench, testcase=name)


def test_rounder_of_whole_fractions():
    verilog = emit(Rounder(pint=PintFormat()), "unit")
    simulate(top="unit", verilog=verilog, bench="sim.testbench.acore.lane", testcase="rounder")
