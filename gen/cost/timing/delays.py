"""Delays of a cell: through it, from its clock, and before its clock."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Delays", "base", "specified"]


@dataclass(frozen=True)
class Delays:
    """Picoseconds of one kind of cell; a port's name stands for each of its bits that is not named by itself.

    Parameters
    ----------
    through : dict
        From an input to an output.
    clock : dict
        From the clock's edge to an output.
    setup : dict
        That an input must be there before the clock's edge.
    """

    through: dict[tuple[str, str], float] = field(default_factory=dict)
    clock: dict[str, float] = field(default_factory=dict)
    setup: dict[str, float] = field(default_factory=dict)

    def scaled(self, law: Callable[[float], float]) -> "Delays":
        """Return the delays with every number changed by `law`."""
        return Delays(*({key: law(value) for key, value in table.items()} for table in vars(self).values()))


def base(pin: str) -> str:
    """Return the port of a pin: `DI` of `DI[2]`."""
    return pin.partition("[")[0]


_PIN = r"(\w+(?:\[\s*\d+\s*\])?)"
_THROUGH = re.compile(rf"\(\s*{_PIN}\s*[=*]>\s*{_PIN}\s*\)\s*=\s*([\d+ ]+);")
_CLOCK = re.compile(rf"\(\s*(?:pos|neg)edge \w+\s*=>\s*\(\s*{_PIN}\s*:[^)]*\)\s*\)\s*=\s*([\d+ ]+);")
_SETUP = re.compile(rf"\$setup\(\s*{_PIN}\s*,.*?,\s*(\d+)\s*\)")
_COMMENT = re.compile(r"//.*|/\*.*?\*/")


def specified(verilog: str) -> dict[str, Delays]:
    """Return the delays of each cell whose `specify` blocks in a library of Verilog cells hold plain numbers.

    Where several conditions give different numbers, the largest counts.
    """
    found = {}
    for module in re.finditer(r"^module (\w+).*?^endmodule", verilog, re.MULTILINE | re.DOTALL):
        delays = Delays()
        for block in re.findall(r"\bspecify\b(.*?)\bendspecify\b", module[0], re.DOTALL):
            text = _COMMENT.sub("", block)
            for start, end, number in _THROUGH.findall(text):
                _keep(delays.through, (start, end), number)
            for pin, number in _CLOCK.findall(text):
                _keep(delays.clock, pin, number)
            for pin, number in _SETUP.findall(text):
                _keep(delays.setup, pin, number)
        if delays != Delays():
            found[module[1]] = delays
    return found


def _keep(table: dict, key: object, text: str) -> None:
    """Keep the larger of what the table has and a number, which may be a sum."""
    table[key] = max(table.get(key, 0), sum(map(int, text.split("+"))))
