"""Parameters of a bench: one JSON object, from whoever starts it to the simulator's process.

:func:`sim.rtl.runner.simulate` gives them (`parameters={"latency": 3}`); a bench reads `PARAMETERS["latency"]`.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

__all__ = ["PARAMETERS", "SEED", "as_environment"]

_NAME = "BENCH_PARAMETERS"


def _plain(value):
    """A value that JSON does not know: numbers of NumPy as numbers, a path or a format as text."""
    return value.item() if hasattr(value, "item") else str(value)


def as_environment(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The environment that carries parameters."""
    return {_NAME: json.dumps(parameters, default=_plain)}


#: The parameters of this process's bench.
PARAMETERS: dict[str, Any] = json.loads(os.environ.get(_NAME) or "{}")

#: Seed of this process, or of the bench that it starts.
SEED = int(os.environ.get("COCOTB_RANDOM_SEED") or 1)
