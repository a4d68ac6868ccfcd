"""Range checks of the integer arrays that golden functions take."""

import numpy as np

__all__ = ["integers"]


def integers(name: str, values, low: int, high: int) -> np.ndarray:
    """Return `values` as an int64 array whose elements are all `low` to `high`.

    Raises
    ------
    TypeError
        If `values` are not integers.
    ValueError
        If one is out of range.
    """
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, not {array.dtype}")
    for extreme in (array.min(), array.max()):
        if not low <= extreme <= high:
            raise ValueError(f"{name} must be {low} to {high}, not {extreme}")
    return array.astype(np.int64)
