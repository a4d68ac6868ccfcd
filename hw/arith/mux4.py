"""A four-way multiplexer that maps onto one LUT6 a bit."""

from amaranth.hdl import Mux

__all__ = ["mux4"]


def mux4(select, choices):
    """Return choices[select]; an `Array` would map onto wide multiplexers, at several times the LUTs."""
    a, b, c, d = choices
    return Mux(select[1], Mux(select[0], d, c), Mux(select[0], b, a))
