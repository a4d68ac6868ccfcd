"""Packed layouts of the array's buses; the last index varies fastest."""

from amaranth.lib import data

__all__ = ["packed"]


def packed(shape, *sizes: int):
    """`shape` in an array of the given sizes, element [0][0].. in the lowest bits."""
    for size in reversed(sizes):
        shape = data.ArrayLayout(shape, size)
    return shape
