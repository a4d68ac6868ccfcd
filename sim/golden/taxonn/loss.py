"""G of the last layer from its outputs and the label; t is 1.0 at the label and 0 elsewhere.

::

    squared error, (y - t)^2 / 2:  G = (y - t) f', y - t saturated, the product to nearest
    softmax cross-entropy:         E[k] = e^-(max z - z[k]), the curve with F fraction bits
                                   S = sum E, exact;  q = floor(2^(2F + I - 1) / S)
                                   G[k] = E[k] q / 2^(F + I - 1) to nearest - t[k]

q has as many bits as the multiplier takes; its division takes F + I cycles, whatever the size.
"""

import numpy as np

from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.curves import Curve

from .curve import curve
from .fixed import saturate, shift_round

__all__ = ["output_gradient"]


def output_gradient(kind: Activation, y, derivative, label: int, form: FixedFormat) -> np.ndarray:
    """G_n of the last layer."""
    y, f = np.asarray(y, np.int64), form.fraction
    target = np.where(np.arange(len(y)) == label, form.one, 0)
    if kind != Activation.SOFTMAX:
        return saturate(shift_round(saturate(y - target, form) * derivative, f), form)
    scale = f + form.integer - 1
    e = curve(Curve.EXP, y.max() - y, form.integer + 1, f, f)
    q = (1 << f + scale) // int(e.sum())
    return saturate(shift_round(e * q, scale) - target, form)
