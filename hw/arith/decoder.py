"""The PINT decoder: from a code to its value (ETA, Section III-A, eq. 9)."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.pint import PintFormat

__all__ = ["Decoder"]


class Decoder(wiring.Component):
    """Value of a PINT code.

    Flag (MSB) 1: value = q * 2^d. Flag 0: value = q where -2^d <= q < 2^d, else q * 2^(k-2).

    Combinational; 12 LUTs for PINT(8, 3).

    Parameters
    ----------
    pint : PintFormat
        Format of the code.

    Members
    -------
    code : In(k)
        Code, canonical or not.
    value : Out(signed(2(k-2)+1))
        Its value t.

    Raises
    ------
    TypeError
        If `pint` is not a PintFormat.

    Source: numerics.md Section 1.
    """

    def __init__(self, *, pint: PintFormat):
        if not isinstance(pint, PintFormat):
            raise TypeError(f"Decoder pint must be a PintFormat, not {pint!r}")
        self._pint = pint
        super().__init__({"code": In(pint.k), "value": Out(signed(pint.value_width))})

    def elaborate(self, platform):
        m = Module()
        k, d = self._pint.k, self._pint.d
        small, middle, large = self._pint.shifts
        flag = self.code[-1]
        q = self.code[: k - 1].as_signed()
        # q is a small integer where the bits from d up all equal its sign.
        high = q[d:]
        is_small = ~high.any() | high.all()
        m.d.comb += self.value.eq(
            Mux(flag, q.shift_left(middle), Mux(is_small, q.shift_left(small), q.shift_left(large)))
        )
        return m
