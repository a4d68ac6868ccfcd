"""Words of struct ports from arrays of their fields."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from amaranth.lib import data

from sim.rtl.bits import pack

__all__ = ["struct_words"]


def struct_words(layout: data.Layout, fields: Mapping) -> list[int]:
    """One integer a cycle: arrays [cycle][...] by field, a mapping for a struct in the struct; others are zero."""
    words: list[int] = []
    for name, values in fields.items():
        field: Any = layout[name]
        if isinstance(values, Mapping):
            part = struct_words(field.shape, values)
        else:
            part = pack(values, field.width // int(np.prod(np.shape(values)[1:])))
        words = [word | its << field.offset for word, its in zip(words or [0] * len(part), part, strict=True)]
    return words
