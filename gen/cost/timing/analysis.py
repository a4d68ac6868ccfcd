"""Latest arrivals in a netlist under a model of delays, and the paths that cause them."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from gen.errors import UserError

from .delays import Delays, base
from .models import Model
from .netlist import Cell, Netlist

__all__ = ["Analysis", "Endpoint", "Path"]


@dataclass(frozen=True)
class Endpoint:
    """A pin that must be stable before a clock edge, and how long after the edge before it is, setup included."""

    delay: float
    cell: Cell
    pin: str
    net: int


@dataclass(frozen=True)
class Path:
    """The latest path to an endpoint."""

    start: str
    end: str
    levels: dict[str, int]
    fan_out: int
    through: list[str]


class Analysis:
    """Every endpoint of a netlist with its delay, latest first.

    All clocks count as one; paths from an input port begin at its edge; what an output port must meet is the affair
    of what reads it.

    Parameters
    ----------
    netlist : Netlist
    model : Model

    Members
    -------
    endpoints : list of Endpoint
    unknown : dict
        How many cells of each type the model has no delays for; no path goes through, starts or ends at them.

    Raises
    ------
    UserError
        If there is a combinational loop.
    """

    def __init__(self, netlist: Netlist, model: Model):
        self._netlist, self._model = netlist, model
        self.unknown = Counter()
        self._arrival: dict[int, float] = dict.fromkeys(netlist.ports, 0.0)
        self._before: dict[int, int] = {}
        self._arcs: dict[int, list[tuple[int, float]]] = {}
        ends = []
        for cell in netlist.cells:
            delays = model.delays(cell)
            if delays is None:
                self.unknown[cell.type] += 1
                continue
            for start, end, delay in _arcs(cell, delays):
                net = cell.inputs[start]
                self._arcs.setdefault(cell.outputs[end], []).append((net, delay + self._net(net, cell, start)))
            for pin, net in cell.outputs.items():
                if (delay := _of_pin(delays.clock, pin)) is not None:
                    self._arrival[net] = delay
            ends += [
                (cell, pin, net, setup)
                for pin, net in cell.inputs.items()
                if (setup := _of_pin(delays.setup, pin)) is not None
            ]
        self._propagate()
        found = [
            Endpoint(self._arrival[net] + self._net(net, cell, pin) + setup, cell, pin, net)
            for cell, pin, net, setup in ends
            if net in self._arrival
        ]
        self.endpoints = sorted(found, key=lambda end: (-end.delay, end.cell.name, end.pin))

    def _net(self, net: int, cell: Cell, pin: str) -> float:
        driver = self._netlist.drivers.get(net)
        kind = None if driver is None else self._netlist.cells[driver].type
        return self._model.net(kind, cell.type, pin, self._netlist.fan_out[net])

    def _propagate(self) -> None:
        """Find the latest arrival of every net behind logic, depth first."""
        done, open_ = set(), set()
        for root in self._arcs:
            stack = [root]
            while stack:
                net = stack[-1]
                if net in done:
                    stack.pop()
                elif net in open_:
                    stack.pop()
                    open_.remove(net)
                    done.add(net)
                    self._arrive(net)
                else:
                    open_.add(net)
                    ahead = [source for source, _ in self._arcs[net] if source in self._arcs and source not in done]
                    if loop := next((source for source in ahead if source in open_), None):
                        name = self._netlist.name(loop)
                        raise UserError(f"Timing needs a design without combinational loop, not one through {name}")
                    stack += ahead

    def _arrive(self, net: int) -> None:
        for source, delay in self._arcs[net]:
            if source in self._arrival:
                arrival = self._arrival[source] + delay
                if arrival > self._arrival.get(net, -1.0):
                    self._arrival[net], self._before[net] = arrival, source

    def path(self, end: Endpoint) -> Path:
        """Return the latest path to an endpoint."""
        nets = [end.net]
        while nets[-1] in self._before:
            nets.append(self._before[nets[-1]])
        nets.reverse()
        netlist = self._netlist
        logic = (netlist.cells[netlist.drivers[net]].type for net in nets[1:])
        return Path(
            start=self._start(nets[0]),
            end=f"{self.end(end)}.{end.pin}",
            levels=dict(Counter(_kind(cell) for cell in logic)),
            fan_out=max(netlist.fan_out[net] for net in nets),
            through=[netlist.name(net) for net in nets],
        )

    def _start(self, net: int) -> str:
        driver = self._netlist.drivers.get(net)
        cell = None if driver is None else self._netlist.cells[driver]
        if cell is None or cell.type.startswith(("FD", "SRL")):
            return self._netlist.name(net)
        pin = next(pin for pin, output in cell.outputs.items() if output == net)
        return f"{cell.name}.{pin}"

    def end(self, end: Endpoint) -> str:
        """Return the name of the register that an endpoint is of."""
        output = next(iter(end.cell.outputs.values()), None)
        plain = end.cell.type.startswith(("FD", "SRL")) and output in self._netlist.names
        return self._netlist.names[output] if plain and output is not None else end.cell.name


def _kind(cell: str) -> str:
    """Return what a cell counts as in the levels of a path."""
    if cell.startswith(("LUT", "INV")):
        return "LUT"
    return "MUX" if cell.startswith("MUXF") else cell


def _of_pin(table: dict[str, float], pin: str) -> float | None:
    return table.get(pin, table.get(base(pin)))


def _arcs(cell: Cell, delays: Delays) -> list[tuple[str, str, float]]:
    """Return the connected pins that a cell joins without a clock."""
    if not delays.through:
        return []
    return [
        (start, end, delay)
        for (first, last), delay in delays.through.items()
        for start in _pins(tuple(cell.inputs), first)
        for end in _pins(tuple(cell.outputs), last)
    ]


@cache
def _pins(connected: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the connected pins that `name` stands for: one, or all of a port."""
    return (name,) if name in connected else tuple(pin for pin in connected if base(pin) == name)
