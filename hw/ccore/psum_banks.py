"""Memory of the partial sums of a window processing unit."""

from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.control import PORTS
from hw.array.layouts import packed
from hw.lib.memory.bank import Bank
from hw.lib.multiplex import choose
from hw.lib.shared import shared

__all__ = ["HALVES", "PsumBanks", "half_read"]

#: One the array accumulates in, one that leaves.
HALVES = 2


def half_read(address_bits: int) -> data.StructLayout:
    """Read of a half: port 0 at `inner`, the others at `address`."""
    return data.StructLayout({"enable": 1, "address": unsigned(address_bits), "inner": unsigned(address_bits)})


class PsumBanks(wiring.Component):
    """Four ports, each with a bank in either half.

    Latency 2 from `read` to `ps_i`, and from `read` to `drained` where `drain` comes one cycle after `read`. Every
    half takes a read and a write a cycle; a read of the word that is written in the same cycle gives the old one.

    Parameters
    ----------
    depth : int
        Sums of a port in a half.
    address_bits : int
    acc_bits : int

    Members
    -------
    read : In(half_read(address_bits)), [half]
    half, start : In(1), In(4)
        One cycle after the read: half of `ps_i`, and its ports that are zero.
    ps_i : Out(signed(acc_bits)), [4]
    write : In(4), [half]
    write_address, write_inner : In(address_bits)
        Of ports 1 to 3, and of port 0.
    ps_o : In(signed(acc_bits)), [4]
    drain : In(1), drain_bank : In(3)
        One cycle after the read: whether `drained` takes a new word, and its port + 4 * half.
    drained : Out(signed(acc_bits))

    Source: architecture.md Section 4 (two ping-pong halves).
    """

    def __init__(self, *, depth: int, address_bits: int, acc_bits: int):
        self._depth, self._acc = depth, signed(acc_bits)
        super().__init__(
            {
                "read": In(data.ArrayLayout(half_read(address_bits), HALVES)),
                "half": In(1),
                "start": In(PORTS),
                "ps_i": Out(packed(self._acc, PORTS)),
                "write": In(packed(PORTS, HALVES)),
                "write_address": In(address_bits),
                "write_inner": In(address_bits),
                "ps_o": In(packed(self._acc, PORTS)),
                "drain": In(1),
                "drain_bank": In(3),
                "drained": Out(self._acc),
            }
        )

    def elaborate(self, platform):
        m = Module()
        # Cycle 1: memory.
        words = []
        for half in range(HALVES):
            for p in range(PORTS):
                name = f"bank_{half}_{p}"
                m.submodules[name] = bank = shared(name, Bank, depth=self._depth, shape=self._acc)
                read = self.read[half]
                m.d.comb += [
                    bank.read.eq(read.enable),
                    bank.read_address.eq(read.address if p else read.inner),
                    bank.write.eq(self.write[half][p]),
                    bank.write_address.eq(self.write_address if p else self.write_inner),
                    bank.write_data.eq(self.ps_o[p]),
                ]
                words.append(bank.read_data)
        # Cycle 2: to the array, and out.
        for p in range(PORTS):
            ps_i = Signal(self._acc, name=f"ps_i_{p}", reset_less=True)
            m.d.sync += ps_i.eq(choose(self.half, words[p::PORTS]))
            with m.If(self.start[p]):
                m.d.sync += ps_i.eq(0)
            m.d.comb += self.ps_i[p].eq(ps_i)
        drained = Signal(self._acc, reset_less=True)
        with m.If(self.drain):
            m.d.sync += drained.eq(choose(self.drain_bank, words))
        m.d.comb += self.drained.eq(drained)
        return m
