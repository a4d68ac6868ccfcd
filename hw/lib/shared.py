"""Modules that are the same are emitted once.

`shared(name, Class, **parameters)`, called in `elaborate`, is the component itself in simulation with Amaranth. While a
generator collects modules (:func:`collecting`), it is a shell of the same signature whose body is
an `Instance` of the module, which the generator converts once for each distinct (class, parameters).
"""

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar

from amaranth.hdl import ClockSignal, Instance, ResetSignal
from amaranth.lib import wiring

__all__ = ["Shell", "collecting", "shared"]

#: The collector in force: (class, parameters) -> (signature, module name, names of its Verilog ports).
_collector: ContextVar[Callable | None] = ContextVar("collector", default=None)


@contextmanager
def collecting(collector: Callable):
    """Have :func:`shared` ask `collector(cls, parameters)` for a (signature, module name, port names) triple."""
    token = _collector.set(collector)
    try:
        yield
    finally:
        _collector.reset(token)


def shared(name: str, cls: type, **parameters):
    """Return `cls(**parameters)`, or while collecting a shell of it; `name` is the instance's name."""
    collector = _collector.get()
    if collector is None:
        return cls(**parameters)
    return Shell(name, *collector(cls, parameters))


class Shell(wiring.Component):
    """An instance of a module that is emitted elsewhere, with the signature of its component.

    Parameters
    ----------
    name : str
        Name of the instance; prefix of the names of its wires.
    signature : wiring.Signature
        Signature of the component.
    module : str
        Name of the Verilog module.
    ports : collection of str
        Port names of the Verilog module, `clk` and `rst` included where it has them.

    Raises
    ------
    ValueError
        If the module has a port that is neither in the signature nor `clk` or `rst`.
    """

    def __init__(self, name: str, signature: wiring.Signature, module: str, ports):
        super().__init__(signature)
        for member, value in signature.members.create(path=(name,)).items():
            setattr(self, member, value)
        self._module, self._ports = module, frozenset(ports)

    def elaborate(self, platform):
        wires = {"clk": (wiring.In, ClockSignal()), "rst": (wiring.In, ResetSignal())}
        for path, member, value in self.signature.flatten(self):
            wires["__".join(map(str, path))] = (member.flow, value)
        unknown = ", ".join(sorted(self._ports - wires.keys()))
        if unknown:
            raise ValueError(f"Ports of module {self._module} must be in its signature, not {unknown}")
        bindings = {}
        for port, (flow, value) in wires.items():
            if port in self._ports:
                bindings[f"{'i' if flow is wiring.In else 'o'}_{port}"] = value
        return Instance(self._module, **bindings)
