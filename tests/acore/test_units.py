# amaranth: UnusedElaboratable=no
"""The units of an APU, one by one."""

import pytest
from amaranth.hdl import Shape

from gen.emit import emit
from hw.acore.finish import Finish
from hw.acore.flow import Flow
from hw.acore.front import Front, Pooling
from hw.acore.functions import Functions
from hw.acore.lane import LaneSums
from hw.acore.narrow import NarrowDecode
from hw.acore.noise import LaneNoise
from hw.acore.normalise import Normalise, NormaliseDecode
from hw.acore.product import Centre, Product
from hw.acore.rescale import RescaleDecode, Shift
from hw.acore.rescaler import Rescaler
from hw.acore.scalar import Scalar
from hw.acore.sums import Sums
from hw.arith.rounder import Rounder
from hw.spec.pint import PintFormat
from sim.benches.acore_programs import random_code
from sim.runner import simulate


@pytest.mark.parametrize("seed", [1, 2])
def test_random_programs(seed):
    verilog = emit(Scalar(code=tuple(random_code(seed))), "scalar")
    simulate(top="scalar", verilog=verilog, bench="sim.benches.acore_scalar", env={"CODE": str(seed), "STARTS": "25"})


@pytest.mark.parametrize("lanes", [1, 3, 4])
def test_sums(lanes):
    fields = " ".join(f"{name}:{Shape.cast(shape).width}" for name, shape in LaneSums.as_shape().members.items())
    env = {"LANES": str(lanes), "FIELDS": fields}
    simulate(top="sums", verilog=emit(Sums(lanes=lanes), "sums"), bench="sim.benches.acore_sums", env=env)


@pytest.mark.parametrize("lanes", [8])
def test_beats(lanes):
    verilog = emit(Flow(lanes=lanes), "flow")
    simulate(top="flow", verilog=verilog, bench="sim.benches.acore_flow", env={"LANES": str(lanes)})


@pytest.mark.parametrize("apus", [1, 3])
def test_functions(apus):
    verilog = emit(Functions(apus=apus), "functions")
    simulate(top="functions", verilog=verilog, bench="sim.benches.acore_functions", env={"APUS": str(apus)})


UNITS = {
    "shift": lambda: Shift(words=3, bits=29),
    "rescaler": Rescaler,
    "normalise": Normalise,
    "front": Front,
    "pooling": Pooling,
    "centre": Centre,
    "product": Product,
    "finish": Finish,
    "noise": LaneNoise,
    "rescale_decode": RescaleDecode,
    "normalise_decode": NormaliseDecode,
    "narrow_decode": NarrowDecode,
}


@pytest.mark.parametrize("name", UNITS)
def test_lane(name):
    simulate(top="unit", verilog=emit(UNITS[name](), "unit"), bench="sim.benches.acore_lane", testcase=name)


@pytest.mark.parametrize("fraction", [4, 16])
def test_rounder(fraction):
    verilog = emit(Rounder(pint=PintFormat(), fraction=fraction), "unit")
    simulate(top="unit", verilog=verilog, bench="sim.benches.acore_lane", testcase="rounder")
