"""The tensors of a training step: classes, numbers and delayed scales (numerics.md Sections 2 and 4)."""

import enum

__all__ = ["LOSS_START", "MARGIN", "START", "START_AFTER_FC", "TensorClass", "follows_loss", "tensor_number"]


class TensorClass(enum.IntEnum):
    """What a tensor of a layer is; the number seeds its rounding noise."""

    A = 0  #: activation, at the output of the layer
    XQ = 1  #: normalised sum of a conv, at the fixed exponent -8
    E = 2  #: error at the sum of a conv or FC, at the output of a pool
    G = 3  #: weight gradient
    V = 4  #: velocity
    W = 5  #: weights in INT16
    W8 = 6  #: their PINT8 copy
    BLOCK = 7  #: error after the TLU of a conv that adds (E_b)
    SHORTCUT = 8  #: BP result of a 1x1 shortcut
    DY = 9  #: error inside FRN backward: a scale only, without noise


#: Added to the delayed exponent.
MARGIN = {
    TensorClass.A: 1,
    TensorClass.E: 1,
    TensorClass.G: 1,
    TensorClass.V: 1,
    TensorClass.W8: 0,
    TensorClass.BLOCK: 1,
    TensorClass.SHORTCUT: 1,
    TensorClass.DY: 0,
}

#: History before the first step; that of W8 is what the initial weights need.
START = {
    TensorClass.A: -8,
    TensorClass.E: -4,
    TensorClass.G: 2,
    TensorClass.V: -14,
    TensorClass.BLOCK: -4,
    TensorClass.SHORTCUT: -4,
    TensorClass.DY: -12,
}

#: The same of an error that is the BP result of an FC.
START_AFTER_FC = 0

#: Exponent of the loss error before the first one that is not zero.
LOSS_START = -28


def follows_loss(kind: TensorClass) -> bool:
    """Whether the history counts from the exponent of the loss error."""
    return kind in (TensorClass.E, TensorClass.G, TensorClass.BLOCK, TensorClass.SHORTCUT, TensorClass.DY)


def tensor_number(layer: int, kind: TensorClass) -> int:
    """16 * layer + class."""
    return 16 * layer + kind
