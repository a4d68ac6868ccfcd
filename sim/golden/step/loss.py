"""Error of the softmax cross-entropy (numerics.md Section 8)."""

import numpy as np

from sim.golden.shifts import rsh
from sim.golden.tensor import Tensor

__all__ = ["EXPONENT", "EXPONENTIALS", "probabilities", "softmax_error"]

#: Exponent of probabilities and errors.
EXPONENT = -16
#: round(2^16 * 2^(-i/1024)).
EXPONENTIALS = np.array([round(2 ** (16 - i / 1024)) for i in range(1024)], np.int64)
_LOG2_E = 23637  # log2(e) * 2^14


def probabilities(logits: Tensor) -> np.ndarray:
    """Softmax p of the wide logits [n][class], at exponent -16.

    d = min(rsh(max - a, -12 - e), 2^17 - 1); u = (d * 23637) >> 16; ex = T[u & 1023] >> min(u >> 10, 31);
    p = ((ex << 16) + (sum >> 1)) / sum.
    """
    distance = logits.t.max(axis=1, keepdims=True) - logits.t
    d = np.minimum(rsh(distance, -12 - int(logits.e)), (1 << 17) - 1)
    u = (d * _LOG2_E) >> 16
    ex = EXPONENTIALS[u & 1023] >> np.minimum(u >> 10, 31)
    total = ex.sum(axis=1, keepdims=True)
    return ((ex << 16) + (total >> 1)) // total


def softmax_error(p, labels) -> Tensor:
    """p - onehot, exponent -16; summed over the batch later, for 1/B is in the learning rate."""
    error = p.copy()
    error[np.arange(len(labels)), labels] -= 1 << -EXPONENT
    return Tensor(error, EXPONENT)
