"""The partial sums of the C-Core."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.arch.array.control import PORTS
from hw.arch.ccore.config import LOOP, CCoreConfig
from hw.arch.ccore.drain import drain_request
from hw.arch.ccore.psums import psum_op
from hw.array.layouts import packed
from hw.lib.shared import shared

from .magnitude import Magnitude
from .psum_banks import HALVES, PsumBanks, half_read

__all__ = ["PartialSums"]


class PartialSums(wiring.Component):
    """Two halves of partial sums beside the array: it accumulates in one while the other leaves.

    With an operation in cycle t, `ps_i[m]` is there in cycle t + `LATENCY` - 1 + m, and `ps_o[m]` of cycle
    t + `LATENCY` + m is kept: an operation a cycle, no stall. An address may come again `LOOP` cycles later; sooner, it
    would be read before it is written.

    `drain` reads one port of all WPUs in the same cycle for all clusters; the sums are on `data` after `DRAIN_LATENCY`
    cycles with `enable`, and stay while it is 0. A half in which the array writes cannot be drained: the operations
    of its last word have to be `LATENCY` + `clusters` cycles old. An operation that writes nothing reads nothing.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    op : In(psum_op(config))
    ps_i : Out(signed(acc_bits)), ps_o : In(signed(acc_bits)), [clusters][wpus][4]
        Of the array.
    overflow_i : In(4), [clusters][wpus]
        The array's `overflow`.
    overflow : Out(1)
        A kept sum of an active cluster m overflowed since `clear`; from LATENCY + m + 2 cycles after its operation on.
    clear : In(1)
    drain : In(drain_request(config))
    data : Out(signed(acc_bits)), [clusters][wpus]
    sums_o : Out(stream.Signature([clusters] unsigned(sum_bits)))
        Sums of |x|, see :class:`hw.ccore.magnitude.Magnitude`.

    Source: ETA, Section IV-B.3 (accumulator); architecture.md Section 4.
    """

    #: Cycles from an operation to the results of cluster 0.
    LATENCY = 3
    #: Cycles with `enable` from a request to its data.
    DRAIN_LATENCY = 2
    #: Cycles from an operation to the next on the same address.
    LOOP = LOOP

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array = config.array
        acc = signed(array.acc_bits)
        super().__init__(
            {
                "op": In(psum_op(config)),
                "ps_i": Out(packed(acc, array.clusters, array.wpus, PORTS)),
                "ps_o": In(packed(acc, array.clusters, array.wpus, PORTS)),
                "overflow_i": In(packed(PORTS, array.clusters, array.wpus)),
                "overflow": Out(1),
                "clear": In(1),
                "drain": In(drain_request(config)),
                "data": Out(packed(acc, array.clusters, array.wpus)),
                "sums_o": Out(stream.Signature(packed(unsigned(config.sum_bits), array.clusters))),
            }
        )

    def _ops(self, m, count: int):
        """The operation, delayed by 0 to `count` - 1 cycles; a reset leaves none of what it does."""
        layout = psum_op(self._config)
        ops = [self.op]
        for n in range(1, count):
            op, whole = Signal(layout, name=f"op_q{n}", reset_less=True), Signal(layout, name=f"op_{n}")
            m.d.sync += op.eq(ops[-1])
            m.d.comb += whole.eq(op)
            for name in ("write", "sum", "flush"):
                does = Signal.like(op[name], name=f"{name}_q{n}", reset_less=False)
                m.d.sync += does.eq(ops[-1][name])
                m.d.comb += whole[name].eq(does)
            ops.append(whole)
        return ops

    def _reads(self, m, op, name: str):
        """Reads of the halves of a cluster: the array's where its operation writes, else the drain's."""
        reads = Signal(data.ArrayLayout(half_read(self._config.psum_address_bits), HALVES), name=f"reads_{name}")
        for half in range(HALVES):
            array = Signal(name=f"array_{name}_{half}")
            m.d.comb += [
                array.eq(op.write.any() & (op.half == half)),
                reads[half].enable.eq(array | self.drain.enable & (self.drain.half == half)),
                reads[half].address.eq(Mux(array, op.address, self.drain.address)),
                reads[half].inner.eq(Mux(array, op.address_inner, self.drain.address)),
            ]
        return reads

    def _overflow(self, m, op, i: int):
        """Whether a kept sum of cluster i overflowed, one cycle later."""
        found = Signal(name=f"overflow_{i}")
        wpus = [(self.overflow_i[i][w] & op.write).any() for w in range(self._config.array.wpus)]
        m.d.sync += found.eq(Cat(wpus).any() & (op.active > i))
        return found

    def elaborate(self, platform):
        m = Module()
        config, array = self._config, self._config.array
        ops = self._ops(m, array.clusters + self.LATENCY)
        m.submodules.magnitude = magnitude = shared("magnitude", Magnitude, config=config)
        m.d.comb += [magnitude.op.eq(ops[self.LATENCY]), magnitude.ps_o.eq(self.ps_o)]
        connect(m, magnitude.o, flipped(self.sums_o))
        drain_bank = Signal(3, reset_less=True)
        with m.If(self.drain.enable):
            m.d.sync += drain_bank.eq(Cat(self.drain.bank, self.drain.half))
        found = []
        parameters = {"depth": config.psum_depth, "address_bits": config.psum_address_bits, "acc_bits": array.acc_bits}
        for i in range(array.clusters):
            reads, late, end = self._reads(m, ops[i], str(i)), ops[i + 1], ops[i + self.LATENCY]
            for w in range(array.wpus):
                name = f"banks_{i}_{w}"
                m.submodules[name] = banks = shared(name, PsumBanks, **parameters)
                m.d.comb += [
                    banks.read.eq(reads),
                    banks.half.eq(late.half),
                    banks.start.eq(late.start),
                    self.ps_i[i][w].eq(banks.ps_i),
                    banks.write[0].eq(Mux(end.half, 0, end.write)),
                    banks.write[1].eq(Mux(end.half, end.write, 0)),
                    banks.write_address.eq(end.address),
                    banks.write_inner.eq(end.address_inner),
                    banks.ps_o.eq(self.ps_o[i][w]),
                    banks.drain.eq(self.drain.enable),
                    banks.drain_bank.eq(drain_bank),
                    self.data[i][w].eq(banks.drained),
                ]
            found.append(self._overflow(m, end, i))
        with m.If(Cat(found).any()):
            m.d.sync += self.overflow.eq(1)
        with m.Elif(self.clear):
            m.d.sync += self.overflow.eq(0)
        return m
