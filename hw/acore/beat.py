"""A beat of elements in a unit of the lanes, and what beats want, offer and count."""

from amaranth.hdl import unsigned
from amaranth.lib import data

__all__ = ["Beat", "Included", "Inputs", "Outputs"]


class Beat(data.Struct):
    """A beat in a unit."""

    valid: unsigned(1)
    last: unsigned(1)  #: the last elements or windows of the map
    start: unsigned(1)  #: first beat of a group
    close: unsigned(1)  #: last beat of a group


class Inputs(data.Struct):
    """A bit for each input stream."""

    wide: unsigned(1)
    code: unsigned(1)
    side: unsigned(1)
    bits: unsigned(1)


class Outputs(data.Struct):
    """A bit for each output stream."""

    code: unsigned(1)
    side: unsigned(1)
    word: unsigned(1)
    bits: unsigned(1)


class Included(data.Struct):
    """Whether what a lane's unit takes up in this cycle is an element; else it becomes 0 or does not count."""

    front: unsigned(1)
    rescaled: unsigned(1)
    product: unsigned(1)
    magnitude: unsigned(1)
    saturates: unsigned(1)
    saturates1: unsigned(1)
