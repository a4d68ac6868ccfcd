"""The counter-based random function H: a short keyed permutation without carries."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.hash import ROTATIONS, ROUND_CONSTANTS

__all__ = ["Hash32"]


class Hash32(wiring.Component):
    """H(i, K, R), 32 random bits of a 32-bit index under a 64-bit key.

    (x, y) = (y ^ (rotl(x, 1) & rotl(x, 8)) ^ rotl(x, 2) ^ K[16*(r%4) +: 16] ^ RC[r], x) for r = 0 .. R-1,
    from x = i[15:0], y = i[31:16]; the result is {y, x}. Hardware of golden's `hash32`.

    Latency `latency` = R cycles, throughput one index a cycle; all stages hold while `o` waits for `ready`.
    One round is one LUT5 a bit.

    Parameters
    ----------
    rounds : int
        R, 1 to 16: 8 for noise, 16 for keys.

    Members
    -------
    i : In(stream of 32)
        Index.
    o : Out(stream of 32)
        Random bits, in the order of the indices.
    key : In(64)
        Key; constant while indices are under way.

    Raises
    ------
    TypeError
        If `rounds` is not an integer.
    ValueError
        If `rounds` is not 1 to 16.

    Source: numerics.md Section 2; the structure is that of the SIMON cipher.
    """

    def __init__(self, *, rounds: int):
        if not isinstance(rounds, int) or isinstance(rounds, bool):
            raise TypeError(f"Hash rounds must be an integer, not {rounds!r}")
        if not 1 <= rounds <= len(ROUND_CONSTANTS):
            raise ValueError(f"Hash rounds must be 1 to {len(ROUND_CONSTANTS)}, not {rounds}")
        self.latency = rounds
        super().__init__({"i": In(stream.Signature(32)), "o": Out(stream.Signature(32)), "key": In(64)})

    def elaborate(self, platform):
        m = Module()
        valid = Signal(self.latency)
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            self.o.valid.eq(valid[-1]),
        ]
        a, b, c = ROTATIONS
        x, y = self.i.payload[:16], self.i.payload[16:]
        with m.If(self.i.ready):
            m.d.sync += valid.eq(Cat(self.i.valid, valid)[: self.latency])
        # Cycle r+1: round r.
        for r in range(self.latency):
            word = Signal(16, name=f"key_{r}")
            x_next = Signal(16, name=f"x_{r}", reset_less=True)
            y_next = Signal(16, name=f"y_{r}", reset_less=True)
            m.d.comb += word.eq(self.key.word_select(r % 4, 16) ^ ROUND_CONSTANTS[r])
            with m.If(self.i.ready):
                m.d.sync += [
                    x_next.eq(y ^ (x.rotate_left(a) & x.rotate_left(b)) ^ x.rotate_left(c) ^ word),
                    y_next.eq(x),
                ]
            x, y = x_next, y_next
        m.d.comb += self.o.payload.eq(Cat(x, y))
        return m
