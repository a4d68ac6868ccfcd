"""Delayed power-of-two scales and the conversion of tensors to PINT8 (numerics.md Section 4)."""

import numpy as np

from hw.arch.tensors import LOSS_START, MARGIN, TensorClass, follows_loss, tensor_number
from sim.golden.convert import convert
from sim.golden.noise import noise, step_keys
from sim.golden.pint import NEAREST
from sim.golden.shifts import bit_length
from sim.golden.tensor import Tensor

__all__ = ["PINT_BITS", "Scales", "need"]

#: Bits of the magnitude of a PINT8 value.
PINT_BITS = 12


def need(wide: Tensor, bits: int = PINT_BITS) -> int | None:
    """The smallest exponent whose `bits`-bit magnitudes hold the tensor; None for a tensor of zeros.

    blen(O) + e - bits with O the OR of |x|, which has the bit length of the largest |x|; where the exponent
    varies, the largest over the groups with O > 0.
    """
    if np.ndim(wide.e) == 0:
        largest = max(int(np.max(wide.t, initial=0)), -int(np.min(wide.t, initial=0)))
        return largest.bit_length() + int(wide.e) - bits if largest else None
    length = bit_length(np.abs(wide.t))
    found = (length + wide.e - bits)[length > 0]
    return int(found.max()) if found.size else None


class Scales:
    """Histories of all tensors of a network, and the conversion that uses and feeds them.

    e = history + ref + margin, ref being the exponent of this step's loss error for the classes E and G, else 0;
    after the conversion the history is need - ref. In evaluation rounding is nearest and histories rest.

    Parameters
    ----------
    seed : int
        Seed of the rounding noise, 64 bits.
    layers : int
        Number of nodes of the network.
    start : dict of (layer, class) to int
        Histories before the first step.

    Attributes
    ----------
    history : dict of (layer, class) to int
    ref : int
        Exponent of the loss error, which keeps its last value where the error is all zero.
    step : int
    training : bool
    """

    def __init__(self, seed: int, layers: int, start: dict[tuple[int, TensorClass], int]):
        self.seed, self.layers = seed, layers
        self.history = dict(start)
        self.ref = LOSS_START
        self.step = 0
        self.training = False
        self._keys: tuple[int, list[int]] = (-1, [])

    def exponent(self, layer: int, kind: TensorClass) -> int:
        """The exponent that a tensor gets in this step."""
        ref = self.ref if follows_loss(kind) else 0
        return self.history[layer, kind] + ref + MARGIN[kind]

    def measure(self, layer: int, kind: TensorClass, wide: Tensor, bits: int = PINT_BITS) -> None:
        """Note what the tensor needs for the next step."""
        if self.training and (needed := need(wide, bits)) is not None:
            self.history[layer, kind] = needed - (self.ref if follows_loss(kind) else 0)

    def noise(self, layer: int, kind: TensorClass, shape) -> np.ndarray | int:
        """Rounding noise of a tensor in this step; nearest in evaluation."""
        if not self.training:
            return NEAREST
        if self._keys[0] != self.step:
            self._keys = (self.step, step_keys(self.seed, self.step, 16 * self.layers))
        return noise(shape, self._keys[1][tensor_number(layer, kind)])

    def convert(self, layer: int, kind: TensorClass, wide: Tensor, e: int) -> Tensor:
        """The tensor in PINT8 at exponent e."""
        return Tensor(convert(wide.t, e - np.asarray(wide.e), self.noise(layer, kind, wide.t.shape)), e)

    def quantise(self, layer: int, kind: TensorClass, wide: Tensor) -> Tensor:
        """The tensor in PINT8 at its delayed exponent, its need measured."""
        result = self.convert(layer, kind, wide, self.exponent(layer, kind))
        self.measure(layer, kind, wide)
        return result

    def loss_error(self, layer: int, wide: Tensor) -> Tensor:
        """The loss error in PINT8 at the exponent that it needs itself, which becomes ref."""
        needed = need(wide)
        self.ref = self.ref if needed is None else needed
        return self.convert(layer, TensorClass.E, wide, self.ref)
