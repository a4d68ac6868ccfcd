"""`python -m bench.acore`: cycles of the A-Core's microprograms, measured on the generated Verilog, and of networks.

A network's figure is the sum over its convolutions' maps, one after the other on each of 8 APUs: FRN forward, both
passes of FRN backward, the update of the parameters, and the two passes of the weight update, a step of a batch of 48.
"""

import json
import tempfile
from math import ceil
from pathlib import Path

from gen.model.network import Conv, Network
from gen.model.zoo import FIXED_SHAPES, build
from gen.verilog.emit import emit
from hw.acore.acore import ACore
from hw.arch.acore.config import ACoreConfig
from sim.rtl.runner import simulate

__all__ = ["main", "network_cycles"]

_CONFIG, _BATCH, _BEATS = ACoreConfig(), 48, 20


def network_cycles(network: Network, beside: dict[str, int]) -> int:
    """Cycles an image; `beside` are those of each job beside its beats."""
    lanes, apus = _CONFIG.lanes, _CONFIG.apus
    total = 0
    for number, node in enumerate(network.nodes):
        if not isinstance(node, Conv):
            continue
        channels, height, width = network.shapes[number]
        forward = "frn_forward_add" if node.add is not None else "frn_forward"
        maps = sum(beside[name] + ceil(height * width / lanes) for name in (forward, "frn_sums", "frn_error"))
        shape = network.layer(number).w_shape
        weights = ceil(shape[0] / apus) * ceil(shape[1] * shape[2] * shape[3] / lanes)
        update = 2 * weights + beside["velocity"] + beside["update"] + ceil(channels / apus) * beside["update_frn"]
        total += ceil(channels / apus) * maps + ceil(update / _BATCH)
    return total


def main() -> int:
    """Measure and show the tables."""
    lanes = _CONFIG.lanes
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cycles.json")
        simulate(
            top="acore",
            verilog=emit(ACore(config=ACoreConfig(apus=1, lanes=lanes)), "acore"),
            bench="sim.testbench.acore.acore",
            testcase="one_element_a_lane_and_cycle",
            parameters={"apus": 1, "lanes": lanes, "cycles": file},
        )
        beside = {name: total - _BEATS for name, total in json.loads(file.read_text()).items()}
    print(f"Cycles of a map of {lanes * _BEATS} elements on {lanes} lanes; {_BEATS} of them are beats.")
    for name, cycles in beside.items():
        print(f"{name:<22}{cycles + _BEATS:>6}  {cycles:>5} beside the beats")
    print(f"\nCycles an image on {_CONFIG.apus} APUs of {lanes} lanes, batch {_BATCH}.")
    for name, shape in FIXED_SHAPES.items():
        print(f"{name:<22}{network_cycles(build(name, shape, 1000 if name == 'resnet18' else 10), beside):>9,}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
