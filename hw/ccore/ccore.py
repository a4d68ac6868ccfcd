"""The C-Core: the array with its buffers, networks and run-time control."""

from amaranth.hdl import Module, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import STATUS, WORD_BITS
from hw.arch.ccore.drain import drain_beat
from hw.arch.ccore.inputs import input_write
from hw.arch.ccore.weights import weight_write
from hw.array.array import Array
from hw.lib.shared import shared

from .drain import Drain
from .inputs import InputNetwork
from .psums import PartialSums
from .rows import RowTracker
from .sequencer import Sequencer
from .weights import WeightBuffer

__all__ = ["CCore"]


class CCore(wiring.Component):
    """Runs FP, BP and WG of key layers out of on-chip buffers, a descriptor a phase.

    The DMA writes tensors into regions of the input and weight buffers (:mod:`hw.arch.ccore.regions`), at any time that
    nobody reads them; a descriptor (:mod:`hw.arch.ccore.descriptor`, made by :func:`gen.compiler.ccore.plan.plan`)
    names them. Its status comes when it reads them no more. Results leave block by block in the order of
    :class:`hw.arch.ccore.drain.DrainMode`; if asked for, the sums of |x| come beside them, a map at a time: image by
    image, of 1x1 layers tap group by tap group.

    Latency `latency`: cycles from the issue of a slot to its partial sums. Cycles of a descriptor:
    :meth:`gen.compiler.ccore.command.Command.cycles`, and a constant fill where nothing runs before it.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    commands : In(stream.Signature(32))
    input_write : In(input_write(config)), weight_write : In(weight_write(config))
        A write a cycle, taken at once.
    results : Out(stream.Signature(drain_beat(config)))
    sums : Out(stream.Signature(ArrayLayout(sum_bits, clusters)))
    status : Out(stream.Signature(STATUS))
    busy : Out(1)
        From the cycle after the first word of a descriptor is taken until its status has been taken and all of its
        results and sums have left.
    overflow : Out(1), clear : In(1)
        A sum left `acc_bits`; sticky until `clear`.

    Source: ETA, Section IV-B and Fig. 8; architecture.md.
    """

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        self.latency = RowTracker.LATENCY + InputNetwork.LATENCY + Array.latency_of(config.array)
        sums = data.ArrayLayout(unsigned(config.sum_bits), config.array.clusters)
        super().__init__(
            {
                "commands": In(stream.Signature(unsigned(WORD_BITS))),
                "input_write": In(input_write(config)),
                "weight_write": In(weight_write(config)),
                "results": Out(stream.Signature(drain_beat(config))),
                "sums": Out(stream.Signature(sums)),
                "status": Out(stream.Signature(STATUS)),
                "busy": Out(1),
                "overflow": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.inputs = inputs = shared("inputs", InputNetwork, config=config)
        m.submodules.weights = weights = shared("weights", WeightBuffer, config=config)
        m.submodules.array = array = shared("array", Array, config=config.array)
        m.submodules.psums = psums = shared("psums", PartialSums, config=config)
        m.submodules.drain = drain = shared("drain", Drain, config=config, latency=PartialSums.DRAIN_LATENCY)
        m.submodules.sequencer = sequencer = shared(
            "sequencer",
            Sequencer,
            config=config,
            input_latency=InputNetwork.LATENCY,
            weight_latency=WeightBuffer.LATENCY,
            array_latency=Array.latency_of(config.array),
        )
        wiring.connect(m, wiring.flipped(self.commands), sequencer.i)
        wiring.connect(m, sequencer.job, drain.i)
        wiring.connect(m, sequencer.status, wiring.flipped(self.status))
        wiring.connect(m, drain.o, wiring.flipped(self.results))
        wiring.connect(m, psums.sums_o, wiring.flipped(self.sums))
        m.d.comb += [
            inputs.write.eq(self.input_write),
            inputs.control.eq(sequencer.inputs),
            weights.write.eq(self.weight_write),
            weights.read.eq(sequencer.weights),
            array.control.eq(sequencer.control),
            array.x.eq(inputs.x),
            array.w.eq(weights.w),
            array.e.eq(weights.e),
            array.ps_i.eq(psums.ps_i),
            psums.op.eq(sequencer.op),
            psums.ps_o.eq(array.ps_o),
            psums.overflow_i.eq(array.overflow),
            psums.clear.eq(self.clear),
            psums.drain.eq(drain.request),
            drain.data.eq(psums.data),
            sequencer.done.eq(drain.done),
            sequencer.sums_taken.eq(psums.sums_o.valid & psums.sums_o.ready),
            self.overflow.eq(psums.overflow),
            self.busy.eq(sequencer.busy),
        ]
        return m
