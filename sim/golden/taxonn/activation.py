"""Activation functions and their derivatives in a layer's format (I, F).

::

    relu     y = max(z, 0)                                            f' = 1 if z > 0 else 0
    sigmoid  y = sigma(z)                                             f' = y (1 - y)
    tanh     y = 2 sigma(2z) - 1                                      f' = 1 - y y  (= 4 sigma'(2z))
    linear, softmax (the logits)  y = z                               f' = 1

sigma is the curve of :mod:`.curve` at |z|, mirrored: sigma(-z) = 1 - sigma(z), and -tanh for tanh. sigma(2z) has one
fraction bit more, so tanh has all F. Products are rounded to nearest by the layer's global multiplier.
"""

import numpy as np

from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.curves import Curve

from .curve import curve
from .fixed import saturate, shift_round

__all__ = ["activate", "derive"]


def activate(kind: Activation, z, form: FixedFormat) -> np.ndarray:
    """y of the codes `z`; for softmax the logits themselves."""
    z, one, i, f = np.asarray(z, np.int64), form.one, form.integer, form.fraction
    if kind == Activation.RELU:
        return np.maximum(z, 0)
    if kind == Activation.SIGMOID:
        value = curve(Curve.SIGMOID, np.abs(z), i, f, f)
        return np.where(z < 0, one - value, value)
    if kind == Activation.TANH:
        value = curve(Curve.SIGMOID, 2 * np.abs(z), i + 1, f, f + 1) - one
        return np.where(z < 0, -value, value)
    return z


def derive(kind: Activation, y, form: FixedFormat) -> np.ndarray:
    """f' from y."""
    y, one, f = np.asarray(y, np.int64), form.one, form.fraction
    if kind == Activation.RELU:
        return np.where(y > 0, one, 0)
    if kind == Activation.SIGMOID:
        return saturate(shift_round(y * (one - y), f), form)
    if kind == Activation.TANH:
        return saturate(one + shift_round(-y * y, f), form)
    return np.full_like(y, one)
