"""The random unit: rounding noise that depends on the element, not on order or time."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.hash import NOISE_ROUNDS
from hw.lib.shared import shared

from .hash32 import Hash32

__all__ = ["Random16"]


class Random16(wiring.Component):
    """Rounding noise of a tensor's elements: random16(index, key) = H(index, key, 8)[15:0].

    Latency `LATENCY` = 8 cycles, throughput one element a cycle; all stages hold while `o` waits for `ready`.

    Members
    -------
    i : In(stream of 32)
        Linear index of the logical element.
    o : Out(stream of 16)
        Its noise, in the same order.
    key : In(64)
        Key of the tensor, golden's `tensor_key`; constant while its elements are under way.

    Source: numerics.md Section 2.
    """

    LATENCY = NOISE_ROUNDS

    i: In(stream.Signature(32))
    o: Out(stream.Signature(16))
    key: In(64)

    def elaborate(self, platform):
        m = Module()
        m.submodules.hash = hash32 = shared("hash", Hash32, rounds=NOISE_ROUNDS)
        wiring.connect(m, wiring.flipped(self.i), hash32.i)
        m.d.comb += [
            hash32.key.eq(self.key),
            hash32.o.ready.eq(self.o.ready),
            self.o.valid.eq(hash32.o.valid),
            self.o.payload.eq(hash32.o.payload[:16]),
        ]
        return m
