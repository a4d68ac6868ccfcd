"""The APU of an A-Core, to be mutated within it, and its controller, accumulators and functions, alone."""

from amaranth.hdl import Shape

from hw.acore.acore import ACore
from hw.acore.functions import Functions
from hw.acore.lane import LaneSums
from hw.acore.scalar import Scalar
from hw.acore.sums import Sums
from hw.spec.acore import ACoreConfig
from sim.benches.acore_programs import random_code

from .design import Design

__all__ = ["ACORE_DESIGNS"]

_LANES, _CODE = 2, 1


def _scalar() -> Design:
    return Design(
        "acore-scalar", "scalar", lambda: Scalar(code=tuple(random_code(_CODE))), "sim.benches.acore_scalar", 40,
        {"CODE": str(_CODE), "STARTS": "25"}, memories=True,
    )  # fmt: skip


def _sums() -> Design:
    fields = " ".join(f"{name}:{Shape.cast(shape).width}" for name, shape in LaneSums.as_shape().members.items())
    return Design(
        "acore-sums", "sums", lambda: Sums(lanes=_LANES), "sim.benches.acore_sums", 25,
        {"LANES": str(_LANES), "FIELDS": fields},
    )  # fmt: skip


def _functions() -> Design:
    return Design(
        "acore-functions", "functions", lambda: Functions(apus=3), "sim.benches.acore_functions", 25, {"APUS": "3"},
        memories=True,
    )  # fmt: skip


#: The designs of the A-Core.
ACORE_DESIGNS = (
    Design(
        "acore-apu", "acore", lambda: ACore(config=ACoreConfig(apus=1, lanes=_LANES)), "sim.benches.acore", 200,
        {"APUS": "1", "LANES": str(_LANES), "COUNT": "50"}, unit="apu", instance="apu_0", memories=True,
    ),
    _scalar(),
    _sums(),
    _functions(),
)  # fmt: skip
