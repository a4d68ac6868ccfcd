"""A dissolved netlist of 7-series cells, as Yosys writes it in JSON."""

import collections
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Netlist", "read"]


@dataclass(frozen=True)
class Cell:
    """A cell of the FPGA; pins of a port of several bits are named `DI[2]`.

    Parameters
    ----------
    name, type : str
    parameters : dict
        Settings by name, as Yosys writes them.
    inputs, outputs : dict
        Net of each connected pin; constants are left out.
    """

    name: str
    type: str
    parameters: dict[str, Any]
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True)
class Netlist:
    """Cells, what drives each net, and how many pins each net feeds."""

    cells: list[Cell]
    ports: list[int]
    names: dict[int, str]
    drivers: dict[int, int]
    fan_out: dict[int, int]

    def name(self, net: int) -> str:
        """Return the name that the source gives a net, or its number."""
        return self.names.get(net, f"net {net}")


def read(path: Path, top: str) -> Netlist:
    """Return the netlist of module `top` in a file of Yosys's `write_json`."""
    return from_json(json.loads(path.read_text())["modules"][top])


def from_json(module: dict[str, Any]) -> Netlist:
    """Return the netlist of one module, as Yosys describes it in JSON."""
    cells, drivers, fan_out = [], {}, collections.Counter()
    for name, cell in module["cells"].items():
        pins: dict[str, dict[str, int]] = {"input": {}, "output": {}}
        for port, bits in cell["connections"].items():
            for number, net in enumerate(bits):
                if isinstance(net, int):
                    direction = cell["port_directions"][port]
                    pins[direction][port if len(bits) == 1 else f"{port}[{number}]"] = net
        fan_out.update(pins["input"].values())
        drivers |= dict.fromkeys(pins["output"].values(), len(cells))
        cells.append(Cell(name, cell["type"], cell.get("parameters", {}), pins["input"], pins["output"]))
    ports = [net for port in module["ports"].values() if port["direction"] == "input" for net in port["bits"]]
    return Netlist(cells, [net for net in ports if isinstance(net, int)], _names(module), drivers, dict(fan_out))


def _names(module: dict[str, Any]) -> dict[int, str]:
    """Return the shortest name of each net, one of the source where there is one."""
    best: dict[int, tuple[bool, int, str]] = {}
    for name, net in module["netnames"].items():
        hidden = bool(net.get("hide_name")) or name.startswith("$")
        for number, bit in enumerate(net["bits"]):
            if isinstance(bit, int):
                text = name if len(net["bits"]) == 1 else f"{name}[{number}]"
                candidate = (hidden, len(text), text)
                best[bit] = min(best.get(bit, candidate), candidate)
    return {net: name for net, (_, _, name) in best.items()}
