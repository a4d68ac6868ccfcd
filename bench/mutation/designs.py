"""All designs that are mutated."""

from hw.arch.array.config import MacForm
from hw.arch.pint import PintFormat
from hw.arith.convert import Convert
from hw.array.pe import Pe
from hw.array.tree import SumTree
from hw.mac.mac import Mac

from .acore import ACORE_DESIGNS
from .ccore import CCORE_DESIGNS
from .design import Design
from .taxonn import TAXONN_DESIGNS

__all__ = ["DESIGNS", "Design"]

_PINT, _ACC_BITS, _ROWS = PintFormat(8, 3), 36, 3


def _mac(form: MacForm) -> Design:
    return Design(
        f"mac-{form}",
        "mac",
        lambda: Mac(pint=_PINT, form=form, acc_bits=_ACC_BITS),
        "sim.testbench.mac.mac",
        25,
        {"PINT": "8,3", "COUNT": "3000", "LATENCY": str(Mac.LATENCY)},
    )


def _pe(form: MacForm) -> Design:
    return Design(
        f"pe-{form}",
        "pe",
        lambda: Pe(pint=_PINT, form=form, acc_bits=_ACC_BITS, head=False),
        "sim.testbench.array.pe",
        25,
        {"PE_FORM": form, "PE_HEAD": "0", "PE_K": "8", "PE_D": "3", "PE_ACC_BITS": str(_ACC_BITS), "PE_CYCLES": "2000"},
    )


def _tree() -> Design:
    env = {"ROWS": _ROWS, "ACC_BITS": _ACC_BITS, "LATENCY": SumTree.base_latency(_ROWS), "CYCLES": 1000}
    return Design(
        "tree",
        "tree",
        lambda: SumTree(rows=_ROWS, acc_bits=_ACC_BITS),
        "sim.testbench.array.tree",
        25,
        {f"TREE_{name}": str(value) for name, value in env.items()},
    )


def _convert() -> Design:
    return Design(
        "convert",
        "convert",
        lambda: Convert(pint=_PINT),
        "sim.testbench.arith.convert",
        40,
        {"PINT": "8,3", "COUNT": "8192", "LATENCY": str(Convert.LATENCY)},
    )


#: All designs, by name.
DESIGNS = {
    design.name: design
    for design in (
        _mac(MacForm.SHIFT),
        _mac(MacForm.GENERIC),
        _pe(MacForm.SHIFT),
        _pe(MacForm.GENERIC),
        _tree(),
        _convert(),
        *TAXONN_DESIGNS,
        *CCORE_DESIGNS,
        *ACORE_DESIGNS,
    )
}
