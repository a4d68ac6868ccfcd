"""The MAC cell, inferred: for any FPGA family and for ASICs."""

from hw.arch.array.config import MacForm

from .inferred import InferredCell

__all__ = ["GenericCell"]


class GenericCell(InferredCell):
    """p = (multiply ? a * b : 0) + {0, p_in, p}[add_to], operands as decoded values; see :class:`InferredCell`."""

    FORM = MacForm.GENERIC

    def _product(self, a, b):
        return a * b
