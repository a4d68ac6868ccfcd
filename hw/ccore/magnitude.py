"""Sums of the absolute values of results, as they are written for the last time."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.array.control import PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.psums import psum_op
from hw.array.layouts import packed
from hw.lib.delay import delayed
from hw.lib.memory.bank import Bank
from hw.lib.multiplex import choose
from hw.lib.shared import shared

__all__ = ["Magnitude", "MagnitudeSum"]


def _control(wpus: int) -> data.StructLayout:
    """Control of a cluster: `port` and `add` for the results of this cycle, `flush` for those of the cycle before."""
    return data.StructLayout(
        {"port": range(PORTS), "add": unsigned(wpus), "flush": unsigned(wpus), "select": range(wpus + 1), "final": 1}
    )


class MagnitudeSum(wiring.Component):
    """Sums of |x| of the WPUs of a cluster.

    acc[w] adds |ps_o[w][port]| where `add`[w]; the cycle after, `flush`[w] moves it to hold[w] and clears it.
    `total` = what was selected since the last `final`, hold[select] of this cycle included; none for select = wpus.

    Latency: hold[w] is there two cycles after the `ps_o` that it ends with. A result a cycle, no stall.

    Parameters
    ----------
    wpus, acc_bits, sum_bits : int

    Members
    -------
    ps_o : In(signed(acc_bits)), [wpus][4]
    control : In(struct: port, add [wpus], flush [wpus], select, final)
    total : Out(sum_bits)

    Source: architecture.md Section 4 (A-Core).
    """

    def __init__(self, *, wpus: int, acc_bits: int, sum_bits: int):
        self._wpus, self._acc, self._sum = wpus, signed(acc_bits), unsigned(sum_bits)
        super().__init__(
            {
                "ps_o": In(packed(self._acc, wpus, PORTS)),
                "control": In(_control(wpus)),
                "total": Out(self._sum),
            }
        )

    def elaborate(self, platform):
        m = Module()
        control, width = self.control, self._sum.width
        selected = Signal(self._sum)
        for w in range(self._wpus):
            # Cycle 1: the port.
            # What is added into state starts from zero: a sum that a reset cuts short leaves nothing behind.
            value = Signal(self._acc, name=f"value_{w}")
            m.d.sync += value.eq(choose(control.port, list(self.ps_o[w])))
            with m.If(~control.add[w]):
                m.d.sync += value.eq(0)
            # Cycle 2: acc + |value| as acc + (value ^ sign) + sign, the sign through a bit below.
            sign = value[-1]
            acc = Signal(self._sum, name=f"acc_{w}")
            hold = Signal(self._sum, name=f"hold_{w}", reset_less=True)
            # Of equal width, with the constant beside acc, so that Yosys has the exclusive OR inside the adder's LUT.
            addend = Signal(width, name=f"addend_{w}")
            added = Signal(width + 1, name=f"added_{w}")
            m.d.comb += [addend.eq(value ^ sign.replicate(width)), added.eq(Cat(1, acc) + Cat(sign, addend))]
            m.d.sync += acc.eq(added[1:])
            with m.If(control.flush[w]):
                m.d.sync += [acc.eq(0), hold.eq(added[1:])]
            # Cycle 3: one WPU after the other.
            with m.If(control.select == w):
                m.d.comb += selected.eq(hold)
        before = Signal(self._sum)
        m.d.comb += self.total.eq(before + selected)
        m.d.sync += before.eq(self.total)
        with m.If(control.final):
            m.d.sync += before.eq(0)
        return m


class Magnitude(wiring.Component):
    """Sums of |x| of whole maps, for every cluster.

    Rows of several maps may be in work at once, on different WPUs: after a word with `flush`, the sums of those WPUs
    are added one after the other, w = 0 first, to the map's sum, and where `final` says so the map is complete and
    waits in a memory of `images` sums a cluster. Words with `flush` come at least `wpus` cycles apart.

    Latency: with `flush` and `final` of WPU w in cycle t, the sum is on `o` in cycle t + w + clusters + 3 if none waits
    before it. A word a cycle. Nothing stalls the words: no more than `images` sums may wait.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    op : In(psum_op(config))
        In the cycle of cluster 0's results.
    ps_o : In(signed(acc_bits)), [clusters][wpus][4]
        Cluster m is m cycles behind cluster 0.
    o : Out(stream.Signature([clusters] unsigned(sum_bits)))
        In the order of completion.

    Source: architecture.md Section 4 (A-Core).
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array = config.array
        super().__init__(
            {
                "op": In(psum_op(config)),
                "ps_o": In(packed(signed(array.acc_bits), array.clusters, array.wpus, PORTS)),
                "o": Out(stream.Signature(packed(unsigned(config.sum_bits), array.clusters))),
            }
        )

    def _control(self, m):
        """Control of cluster 0."""
        wpus = self._config.array.wpus
        op, control = self.op, Signal(_control(wpus))
        flush = delayed(m, op.flush, 1, name="flush", reset_less=False)
        final = delayed(m, op.final, 1, name="final")
        # The WPUs that wait, the next one lowest.
        waiting, ending, number = Signal(wpus), Signal(wpus), Signal(range(wpus + 1))
        select = Signal(range(wpus + 1), init=wpus)
        m.d.comb += [
            control.port.eq(op.sum_port),
            control.add.eq(Mux(op.sum, op.live, 0)),
            control.flush.eq(flush),
            control.select.eq(select),
        ]
        following = Mux(flush.any(), flush, waiting)
        first = Mux(flush.any(), 0, number)
        ends = Signal()
        m.d.sync += [
            select.eq(Mux(following[0], first, wpus)),
            waiting.eq(following >> 1),
            ending.eq(Mux(flush.any(), flush & final, ending) >> 1),
            number.eq(first + 1),
            ends.eq(Mux(flush.any(), flush & final, ending)[0]),
        ]
        m.d.comb += control.final.eq(ends)
        return control

    def elaborate(self, platform):
        m = Module()
        config, array = self._config, self._config.array
        depth = 1 << max(1, ceil_log2(config.images))
        control, place = self._control(m), Signal(range(depth))
        with m.If(control.final):
            m.d.sync += place.eq(place + 1)
        level, taken, read = Signal(range(depth + 1)), Signal(range(depth)), Signal()
        for i in range(array.clusters):
            m.submodules[f"sum_{i}"] = unit = shared(
                f"sum_{i}", MagnitudeSum, wpus=array.wpus, acc_bits=array.acc_bits, sum_bits=config.sum_bits
            )
            m.submodules[f"bank_{i}"] = bank = shared(f"bank_{i}", Bank, depth=depth, shape=unsigned(config.sum_bits))
            m.d.comb += [
                unit.ps_o.eq(self.ps_o[i]),
                unit.control.eq(control),
                bank.write.eq(control.final),
                bank.write_address.eq(place),
                bank.write_data.eq(unit.total),
                bank.read.eq(read),
                bank.read_address.eq(taken),
                self.o.payload[i].eq(bank.read_data),
            ]
            if i + 1 < array.clusters:
                # The next cluster is one cycle behind; after a reset it selects no WPU, as cluster 0 does.
                late = Signal(control.shape(), name=f"control_{i + 1}_q1", init={"select": array.wpus})
                m.d.sync += late.eq(control)
                control = late
                place = delayed(m, place, 1, name=f"place_{i + 1}")
        m.d.comb += read.eq((level != 0) & (~self.o.valid | self.o.ready))
        m.d.sync += [level.eq(level + control.final - read), self.o.valid.eq(read | (self.o.valid & ~self.o.ready))]
        with m.If(read):
            m.d.sync += taken.eq(taken + 1)
        return m
