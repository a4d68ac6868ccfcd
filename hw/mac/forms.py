"""The three forms of the cell, by name."""

from hw.arch.array.config import MacForm
from hw.mac.dsp48e1 import DspCell

from .generic import GenericCell
from .shift import ShiftCell

__all__ = ["CELLS"]

#: Component class of each form; all take `pint`, `acc_bits` and `head`, and share :class:`CellSignature`.
CELLS = {MacForm.DSP: DspCell, MacForm.SHIFT: ShiftCell, MacForm.GENERIC: GenericCell}
