"""Values of the curves sigma and e^-x: lines between the nodes of :mod:`hw.arch.taxonn.curves`."""

import numpy as np

from hw.arch.taxonn import curves
from hw.arch.taxonn.curves import Curve

__all__ = ["curve"]


def curve(kind: Curve, values, integer: int, fraction: int, out: int) -> np.ndarray:
    """The curve at `values` >= 0, with `out` fraction bits; the formula is in :mod:`hw.arch.taxonn.curves`.

    Parameters
    ----------
    kind : Curve
    values : int64 array
        0 to 2^(integer + fraction), in units of 2^-fraction.
    integer, fraction, out : int
    """
    node = np.array(curves.nodes(kind, integer, out))
    node = np.append(node, node[-1])
    f, values = curves.fraction_bits(kind, fraction), np.asarray(values, np.int64)
    segment = np.minimum(values >> f, len(node) - 2)
    line = (node[segment] << f) + (node[segment + 1] - node[segment]) * (values & (1 << f) - 1)
    return line + (1 << f + 1) >> f + 2
