"""`python -m bench.acore`: cycles of every microprogram of the A-Core, measured on the generated Verilog."""

import json
import tempfile
from pathlib import Path

from gen.emit import emit
from hw.acore.acore import ACore
from hw.spec.acore import ACoreConfig
from sim.runner import simulate

__all__ = ["main"]

_LANES, _BEATS = 3, 20


def main() -> int:
    """Measure and show the table."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cycles.json")
        simulate(
            top="acore",
            verilog=emit(ACore(config=ACoreConfig(apus=1, lanes=_LANES)), "acore"),
            bench="sim.benches.acore",
            testcase="one_element_a_lane_and_cycle",
            env={"APUS": "1", "LANES": str(_LANES), "CYCLES": str(file)},
        )
        cycles = json.loads(file.read_text())
    print(f"Cycles of a map of {_LANES * _BEATS} elements on {_LANES} lanes; {_BEATS} of them are beats.")
    for name, total in cycles.items():
        print(f"{name:<22}{total:>6}  {total - _BEATS:>5} beside the beats")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
