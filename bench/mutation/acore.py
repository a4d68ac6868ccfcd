"""The APU of an A-Core, to be mutated within it."""

from hw.acore.acore import ACore
from hw.spec.acore import ACoreConfig

from .design import Design

__all__ = ["ACORE_DESIGNS"]

_LANES = 2


#: The designs of the A-Core.
ACORE_DESIGNS = (
    Design(
        "acore-apu", "acore", lambda: ACore(config=ACoreConfig(apus=1, lanes=_LANES)), "sim.benches.acore", 200,
        {"APUS": "1", "LANES": str(_LANES), "COUNT": "50"}, unit="apu", instance="apu_0", memories=True,
    ),
)  # fmt: skip
