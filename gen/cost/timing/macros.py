"""Delays of the cells whose settings decide them, in Artix-7 of the slowest grade: DSP48E1 and block RAM.

The numbers are those of the `specify` blocks and functions of Yosys's `xilinx/cells_sim.v`, which come from prjxray's
timings of Artix-7 -1 (`DSP_L.sdf`, `BRAM_L.sdf`). Yosys has none for a block RAM's enables and for the control of a
DSP48E1: those are rounded up from AMD DS181, Tables 27 and 30, and model V alone counts them.
"""

from collections.abc import Mapping
from typing import Any

from .delays import Delays

__all__ = ["CONTROL", "SETTINGS", "block_ram", "dsp48e1", "setting"]

#: Settings of a cell that change its delays.
SETTINGS = ("DOA_REG", "DOB_REG", "AREG", "BREG", "CREG", "DREG", "ADREG", "MREG", "PREG", "OPMODEREG", "INMODEREG")
SETTINGS += ("ALUMODEREG", "USE_MULT", "USE_DPORT", "USE_PATTERN_DETECT")

#: Setup of a block RAM's inputs that are no address, enable or register.
_RAM_SETUP: dict[str, float] = {
    **dict.fromkeys(("ADDRARDADDR", "ADDRBWRADDR"), 566),
    **dict.fromkeys(("WEA", "WEBWE"), 532),
    **dict.fromkeys(("DIADI", "DIBDI", "DIPADIP", "DIPBDIP"), 737),
    **dict.fromkeys(("REGCEAREGCE", "REGCEB"), 360),
    **dict.fromkeys(("RSTREGARSTREG", "RSTREGB"), 342),
}

#: Setup that Yosys's library leaves out, by cell.
CONTROL = {
    "RAMB": dict.fromkeys(("ENARDEN", "ENBWREN"), 480.0) | dict.fromkeys(("RSTRAMARSTRAM", "RSTRAMB"), 360.0),
    "DSP48E1": {"CARRYIN": 150.0, "ACIN": 300.0, "BCIN": 300.0}
    | dict.fromkeys(("CEA1", "CEA2", "CEB1", "CEB2", "CEC", "CED", "CEM", "CEP", "CEAD", "CECTRL", "CEALUMODE"), 350.0)
    | dict.fromkeys(("RSTA", "RSTB", "RSTC", "RSTD", "RSTM", "RSTP", "RSTCTRL", "RSTALUMODE"), 400.0),
}
#: Setup of the control words of a DSP48E1 with and without their register.
_WORDS = {"OPMODE": (250.0, 1500.0), "INMODE": (300.0, 1400.0), "ALUMODE": (250.0, 1400.0)}

#: Of (multiplier, pre-adder): delay from the register of each input to P where no later register is. Later first.
_ARRIVAL = {
    (True, False): {"CREG": 1687, "MREG": 1671, "AREG": 2952, "BREG": 2813},
    (True, True): {"CREG": 1687, "MREG": 1671, "AREG": 3935, "DREG": 3908, "ADREG": 2958, "BREG": 2813},
    (False, False): {"CREG": 1687, "AREG": 1632, "BREG": 1616},
}
#: The same to PCOUT.
_CASCADE = {
    (True, False): {"CREG": 1835, "MREG": 1819, "AREG": 3098, "BREG": 2960},
    (True, True): {"CREG": 1835, "MREG": 1819, "AREG": 4083, "DREG": 4056, "BREG": 2960, "ADREG": 2859},
    (False, False): {"CREG": 1835, "AREG": 1780, "BREG": 1765},
}
#: Setup of each input at the first register that it meets.
_REQUIRED = {
    (True, False): {
        "A": {"AREG": 254, "MREG": 1416, "PREG": 2739},
        "B": {"BREG": 324, "MREG": 1285, "PREG": 2608},
        "C": {"CREG": 168, "PREG": 1244},
    },
    (True, True): {
        "A": {"AREG": 254, "MREG": 2400, "ADREG": 1283, "PREG": 3723},
        "B": {"BREG": 324, "MREG": 1285, "PREG": 2608},
        "C": {"CREG": 168, "PREG": 1244},
        "D": {"DREG": 248, "ADREG": 1195, "MREG": 2310, "PREG": 3635},
    },
    (False, False): {
        "A": {"AREG": 254, "PREG": 1441},
        "B": {"BREG": 324, "MREG": 1285, "PREG": 1428},
        "C": {"CREG": 168, "PREG": 1244},
    },
}
#: What an active pattern detector adds to a setup at PREG.
_PATTERN = 290
#: Delay of each input to P and PCOUT where no register is between.
_THROUGH = {
    (True, False): {"A": (2823, 2970), "B": (2690, 2838), "C": (1325, 1474)},
    (True, True): {"A": (3806, 3954), "B": (2690, 2838), "C": (1325, 1474), "D": (3717, 3700)},
    (False, False): {"A": (1523, 1671), "B": (1509, 1658), "C": (1325, 1474)},
}
#: Registers that end a path from an input.
_REGISTERS = {"A": ("AREG", "ADREG", "MREG"), "B": ("BREG", "MREG"), "C": ("CREG",), "D": ("DREG", "ADREG", "MREG")}


def setting(parameters: Mapping[str, Any], name: str, default: int) -> int:
    """Return a numeric setting; Yosys writes it as a number or as text of bits."""
    value = parameters.get(name, default)
    return int(value, 2) if isinstance(value, str) else value


def block_ram(parameters: Mapping[str, Any]) -> Delays:
    """Return the delays of a RAMB18E1 or RAMB36E1, whose output registers decide how late a word is."""
    clock = {}
    for port, outputs in (("DOA_REG", ("DOADO", "DOPADOP")), ("DOB_REG", ("DOBDO", "DOPBDOP"))):
        clock |= dict.fromkeys(outputs, 882.0 if setting(parameters, port, 0) else 2454.0)
    return Delays(clock=clock, setup=_RAM_SETUP)


def dsp48e1(parameters: Mapping[str, Any]) -> Delays:
    """Return the delays of a DSP48E1, whose registers and modes decide them."""
    kind = (parameters.get("USE_MULT", "MULTIPLY") != "NONE", parameters.get("USE_DPORT") == "TRUE")
    pattern = _PATTERN * (parameters.get("USE_PATTERN_DETECT", "NO_PATDET") != "NO_PATDET")
    used = {name for name in ("AREG", "BREG", "CREG", "DREG", "ADREG", "MREG", "PREG") if setting(parameters, name, 1)}
    delays = Delays()
    for output, table, late in (("P", _ARRIVAL, 329), ("PCOUT", _CASCADE, 435)):
        first = next((delay for register, delay in table[kind].items() if register in used), None)
        if "PREG" in used or first is not None:
            delays.clock[output] = late if "PREG" in used else first or 0
    for port, registers in _REQUIRED[kind].items():
        if "PREG" in used or used & set(_REGISTERS[port]):
            register = next((name for name in registers if name in used), None)
            if register is not None:
                delays.setup[port] = registers[register] + pattern * (register == "PREG")
        else:
            delays.through[port, "P"], delays.through[port, "PCOUT"] = _THROUGH[kind][port]
    if "PREG" in used:
        delays.setup["PCIN"] = 1025 + pattern
    else:
        delays.through["PCIN", "P"], delays.through["PCIN", "PCOUT"] = 1107, 1255
    return delays


def dsp48e1_words(parameters: Mapping[str, Any]) -> dict[str, float]:
    """Return the setup of the control words of a DSP48E1, which Yosys's library leaves out."""
    return {name: delays[not setting(parameters, f"{name}REG", 1)] for name, delays in _WORDS.items()}
