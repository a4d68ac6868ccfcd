"""Weight update: stochastic gradient descent with momentum, in integers (numerics.md Section 9)."""

import enum
from dataclasses import dataclass

import numpy as np

from hw.arch.scalars import Factor
from hw.arch.tensors import TensorClass
from sim.golden.convert import convert
from sim.golden.pint import NEAREST
from sim.golden.shifts import rsh, rz, saturate, shift_left, stochastic_shift
from sim.golden.tensor import Tensor

from .scales import PINT_BITS, Scales, need

__all__ = ["PARAMETER_EXPONENT", "VELOCITY_EXPONENT", "WEIGHT_EXPONENT", "Parameter", "Storage", "Weights"]

#: Exponents of weights in INT16, of gamma, beta, tau and bias, and of their velocities.
WEIGHT_EXPONENT, PARAMETER_EXPONENT, VELOCITY_EXPONENT = -12, -24, -13
_MOMENTUM = 58982  # 0.9 * 2^16
_INT16_BITS = 15


class Storage(enum.StrEnum):
    """How weights and velocities are kept."""

    INT16 = "int16"
    PINT8 = "pint8"


@dataclass
class Parameter:
    """One of gamma, beta, tau and bias: INT32 at 2^-24, with a velocity of 25 bits at 2^-13."""

    value: np.ndarray
    velocity: np.ndarray

    @classmethod
    def constant(cls, value: int, channels: int) -> "Parameter":
        """A parameter that starts with the same value in all channels."""
        return cls(np.full(channels, value, np.int64), np.zeros(channels, np.int64))

    def update(self, gradient: np.ndarray, e: int, rate: Factor) -> None:
        """v = sat25(rz(v * 58982, 16) + rsh(gradient, -13 - e)); p = sat32(p - rsh(v * em, -11 - ee))."""
        gained = saturate(rsh(gradient, VELOCITY_EXPONENT - e), 48)
        self.velocity = saturate(rz(self.velocity * _MOMENTUM, 16) + gained, 25)
        self.value = saturate(self.value - rsh(self.velocity * rate.m, -11 - rate.e), 32)


class Weights:
    """Weights and velocities of a layer, and the PINT8 weights that FP and BP read.

    Parameters
    ----------
    layer : int
    start : array of int
        Initial weights in INT16, OIHW.
    storage : Storage
    scales : Scales
        Has the history of V and gets that of W8.
    exponent : int
        eW, that of weights in INT16.

    Attributes
    ----------
    w : Tensor
        INT16 at exponent eW, or the same as `w8`.
    w8 : Tensor
        Values of the PINT8 weights.
    v : Tensor
        Velocities, INT16 or values of PINT8.
    """

    def __init__(
        self, layer: int, start: np.ndarray, storage: Storage, scales: Scales, exponent: int = WEIGHT_EXPONENT
    ):
        self.layer, self.storage, self._scales = layer, storage, scales
        self.w = Tensor(start, exponent)
        needed = need(self.w)
        e = exponent - PINT_BITS if needed is None else needed
        self.w8 = Tensor(convert(start, e - exponent, NEAREST), e)
        scales.history[layer, TensorClass.W8] = e
        self.v = Tensor(np.zeros_like(start), scales.exponent(layer, TensorClass.V))
        if storage == Storage.PINT8:
            self.w = self.w8

    def update(self, gradient: Tensor, rate: Factor, decay: Factor | None = None) -> None:
        """Take the PINT8 gradient; `decay` is the weight decay times the batch size.

        x = V * 58982 + (tG << min(eG - (eV-16), 34)) [+ rsh(W * wm, (eV-16) - (eW+we))]; V' = sat16(SR(x, ..));
        W = sat16(W - SR(V' * em, eW - (eV'+ee))) and its copy W8 = Q(W). In PINT8 storage V' = Q(x) and
        W8 = Q((tW << 20) - rsh(V' * em, (eW-20) - (eV'+ee))).
        """
        wide = self._velocity(gradient, decay)
        if self.storage == Storage.PINT8:
            self.v = self._scales.quantise(self.layer, TensorClass.V, wide)
            shift = int(self.w8.e) - 20 - (int(self.v.e) + rate.e)
            step = saturate(rsh(self.v.t * rate.m, shift), 48)
            moved = Tensor(saturate((self.w8.t << 20) - step, 48), int(self.w8.e) - 20)
            self.w8 = self.w = self._scales.quantise(self.layer, TensorClass.W8, moved)
            return
        layer, scales = self.layer, self._scales
        e = scales.exponent(layer, TensorClass.V)
        noise = scales.noise(layer, TensorClass.V, wide.t.shape)
        self.v = Tensor(saturate(stochastic_shift(wide.t, e - int(wide.e), noise), 16), e)
        scales.measure(layer, TensorClass.V, wide, _INT16_BITS)
        noise = scales.noise(layer, TensorClass.W, wide.t.shape)
        step = stochastic_shift(self.v.t * rate.m, int(self.w.e) - (e + rate.e), noise)
        self.w = Tensor(saturate(self.w.t - step, 16), self.w.e)
        self.w8 = scales.quantise(layer, TensorClass.W8, self.w)

    def _velocity(self, gradient: Tensor, decay: Factor | None) -> Tensor:
        """The new velocity, wide."""
        e = int(self.v.e) - 16
        shift = min(int(gradient.e) - e, 34)
        x = self.v.t * _MOMENTUM + (shift_left(gradient.t, shift) if shift >= 0 else rsh(gradient.t, -shift))
        if decay is not None and decay.m:
            x = x + saturate(rsh(self.w.t * decay.m, e - (int(self.w.e) + decay.e)), 48)
        return Tensor(saturate(x, 48), e)
