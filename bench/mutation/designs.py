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
        {"pint": (8, 3), "count": 3000, "latency": Mac.LATENCY},
    )


def _pe(form: MacForm) -> Design:
    return Design(
        f"pe-{form}",
        "pe",
        lambda: Pe(pint=_PINT, form=form, acc_bits=_ACC_BITS, head=False),
        "sim.testbench.array.pe",
        25,
        {"form": form, "head": False, "pint": (8, 3), "acc_bits": _ACC_BITS, "cycles": 2000},
    )


def _tree() -> Design:
    return Design(
        "tree",
        "tree",
        lambda: SumTree(rows=_ROWS, acc_bits=_ACC_BITS),
        "sim.testbench.array.tree",
        25,
        {"rows": _ROWS, "acc_bits": _ACC_BITS, "latency": SumTree.base_latency(_ROWS), "cycles": 1000},
    )


def _convert() -> Design:
    return Design(
        "convert",
        "convert",
        lambda: Convert(pint=_PINT),
        "sim.testbench.arith.convert",
        40,
        {"pint": (8, 3), "count": 8192, "latency": Convert.LATENCY},
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
