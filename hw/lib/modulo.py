"""Sums modulo a constant."""

from amaranth.hdl import Mux, Signal

__all__ = ["add_modulo"]


def add_modulo(m, a, b, modulus: int, *, name: str):
    """(a + b) mod `modulus` and whether it wrapped, for a and b less than `modulus`."""
    total = Signal(range(max(2 * modulus - 1, 2)), name=f"{name}_total")
    wraps = Signal(name=f"{name}_wraps")
    rest = Signal(range(max(modulus, 2)), name=name)
    m.d.comb += [total.eq(a + b), wraps.eq(total >= modulus), rest.eq(Mux(wraps, total - modulus, total))]
    return rest, wraps
