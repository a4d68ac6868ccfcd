"""A UART transmitter: eight data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["UartTransmitter"]


class UartTransmitter(wiring.Component):
    """Sends bytes as a start bit (0), eight data bits, lowest first, and a stop bit (1); the line rests at 1.

    Throughput: one byte in 10 * `divisor` + 1 cycles; `i` waits meanwhile. The start bit begins one cycle after the
    byte is taken.

    Parameters
    ----------
    divisor : int
        Cycles a bit.

    Members
    -------
    i : In(stream of 8)
    tx : Out(1)

    Raises
    ------
    TypeError
        If the divisor is not an integer.
    ValueError
        If the divisor is less than 2.
    """

    i: In(stream.Signature(8))
    tx: Out(1, init=1)

    def __init__(self, *, divisor: int):
        if not isinstance(divisor, int) or isinstance(divisor, bool):
            raise TypeError(f"UART divisor must be an integer, not {divisor!r}")
        if divisor < 2:
            raise ValueError(f"UART divisor must be at least 2, not {divisor}")
        self._divisor = divisor
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        bits = Signal(9, init=0x1FF)  # what follows the bit on the line
        left = Signal(range(11))  # bits to go, the one on the line included
        timer = Signal(range(self._divisor))
        m.d.comb += self.i.ready.eq(left == 0)
        with m.If(left == 0), m.If(self.i.valid):
            m.d.sync += [bits.eq(Cat(self.i.payload, 1)), self.tx.eq(0), left.eq(10), timer.eq(self._divisor - 1)]
        with m.Elif(timer == 0):
            m.d.sync += [Cat(self.tx, bits).eq(Cat(bits, 1)), left.eq(left - 1), timer.eq(self._divisor - 1)]
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        return m
