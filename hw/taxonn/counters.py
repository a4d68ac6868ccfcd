"""Counters one inside the other, and tables of what follows from them."""

from amaranth.hdl import Array, Const, Module, Mux, Signal, Value

__all__ = ["below", "nest", "table"]


def nest(m: Module, limits: dict[str, int], advance: Value, *, skip: dict[str, Value] | None = None):
    """Add counters from 0 to each limit - 1, the last one innermost; return them and whether all are at their ends.

    Parameters
    ----------
    m : Module
    limits : dict
        Name and limit of each, outermost first.
    advance : Value
        Count on; from the ends all go to 0.
    skip : dict, optional
        By name: a counter is at its end also while this holds.
    """
    counters, ends, carry = {}, Const(1), advance
    for name, limit in reversed(limits.items()):
        counter = Signal(range(max(limit, 2)), name=name)
        end = (counter == limit - 1) | (skip or {}).get(name, 0)
        with m.If(carry):
            m.d.sync += counter.eq(Mux(end, 0, counter + 1))
        counters[name], carry, ends = counter, carry & end, ends & end
    return {name: counters[name] for name in limits}, ends


def table(index: Value, values: list[int]) -> Value:
    """Return values[index]; the values are not negative."""
    bits = max(int(max(values)).bit_length(), 1)
    return Array(Const(int(value), bits) for value in values)[index]


def below(index: Value, limit: int, start: int = 0) -> Value:
    """Return whether start <= index < limit."""
    return table(index, [start <= value < limit for value in range(1 << len(index))])
