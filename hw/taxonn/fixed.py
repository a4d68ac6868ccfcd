"""Expressions of fixed-point arithmetic: hardware of `sim.golden.taxonn.fixed`."""

from amaranth.hdl import Cat, Const, Mux, Value

from hw.arch.taxonn.config import NOISE_BITS, FixedFormat

__all__ = ["noise_field", "saturate"]


def saturate(value: Value, form: FixedFormat) -> Value:
    """Return the signed `value` as the nearest code of the format."""
    width = form.width
    if len(value) <= width:
        return value
    top = value[width - 1 :]
    fits = top.all() | ~top.any()
    return Mux(fits, value[:width], Mux(value[-1], Const(form.low, width), Const(form.high, width))).as_signed()


def noise_field(noise: Value, bits: int) -> Value:
    """Return what stochastic rounding adds before `bits` bits are cut, as `bits` bits."""
    if bits > NOISE_BITS:
        return Cat(Const(1 << bits - NOISE_BITS - 1, bits - NOISE_BITS), noise)
    return noise[NOISE_BITS - bits :]
