"""Delay lines of the systolic edges."""

from amaranth.hdl import Signal

__all__ = ["delayed"]


def delayed(m, signal, cycles: int, *, name: str, reset_less: bool = True, init=None):
    """`signal` delayed by `cycles` registers, named `<name>_q<n>`; the signal itself for 0 cycles.

    Without a reset (the default), long delays map to shift-register LUTs.
    """
    for n in range(1, cycles + 1):
        shape = signal.shape()
        register = Signal(shape, name=f"{name}_q{n}", reset_less=reset_less, init=init)
        m.d.sync += register.eq(signal)
        signal = register
    return signal
