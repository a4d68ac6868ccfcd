"""A tensor of integers with its power-of-two exponent."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Tensor"]


@dataclass(frozen=True)
class Tensor:
    """The real tensor t * 2^e.

    Parameters
    ----------
    t : array of int64
        Values of a PINT8 tensor, or a wide tensor.
    e : int, or array of int that broadcasts with t
        The exponent; a wide tensor may have one per image and channel.
    """

    t: np.ndarray
    e: int | np.ndarray
