"""The units of an A-Core, to be mutated alone, and the rest of its APU, within it."""

from amaranth.hdl import Shape

from hw.acore.acore import ACore
from hw.acore.functions import Functions
from hw.acore.lane import LaneSums
from hw.acore.scalar import Scalar
from hw.acore.sums import Sums
from hw.arch.acore.config import ACoreConfig
from sim.testbench.acore.programs import random_code
from sim.workloads.lane_units import LANE_UNITS

from .design import Design

__all__ = ["ACORE_DESIGNS"]

_LANES, _CODE = 2, 1


def _scalar() -> Design:
    return Design(
        "acore-scalar",
        "scalar",
        lambda: Scalar(code=tuple(random_code(_CODE))),
        "sim.testbench.acore.scalar",
        40,
        {"code": _CODE, "starts": 25},
        memories=True,
    )


def _sums() -> Design:
    fields = {name: Shape.cast(shape).width for name, shape in LaneSums.as_shape().members.items()}
    return Design(
        "acore-sums",
        "sums",
        lambda: Sums(lanes=_LANES),
        "sim.testbench.acore.sums",
        25,
        {"lanes": _LANES, "fields": fields},
    )


def _functions() -> Design:
    return Design(
        "acore-functions",
        "functions",
        lambda: Functions(apus=3),
        "sim.testbench.acore.functions",
        25,
        {"apus": 3},
        memories=True,
    )


#: Instances within the APU of the units of a lane, and those of the controller and the sums.
_INSTANCES = (
    "scalar",
    "sums",
    "lane_?.shift",
    "lane_?.rescaler",
    "lane_?.normalise",
    "lane_?.front",
    "lane_?.pooling",
    "lane_?.centre",
    "lane_?.product?",
    "lane_?.finish",
    "lane_?.rounder?",
    "lane_?.noise",
    "constants.narrow",
    "constants.normalise",
    "constants.rescale",
    "constants.convert",
)


def _unit(name: str) -> Design:
    bench, make = LANE_UNITS[name]
    return Design(f"acore-{name}", "unit", make, bench, 25, memories=True, testcase=name)


def _apu() -> Design:
    return Design(
        "acore-apu",
        "acore",
        lambda: ACore(config=ACoreConfig(apus=1, lanes=_LANES)),
        "sim.testbench.acore.acore",
        60,
        {"apus": 1, "lanes": _LANES, "count": 50},
        unit="apu",
        instance="apu_0",
        memories=True,
        without=_INSTANCES,
    )


#: The designs of the A-Core.
ACORE_DESIGNS = (_apu(), _scalar(), _sums(), _functions(), *(_unit(name) for name in LANE_UNITS))
