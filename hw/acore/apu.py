"""The auxiliary processing unit: controller, constants, lanes and accumulators."""

from amaranth.hdl import Cat, Module, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.commands import CommandWord
from hw.arch.acore.sizes import ACCUMULATOR_BITS, WORD_BITS
from hw.lib.shared import shared

from .constants import Constants
from .flow import Flow
from .functions import ANSWER, Ask
from .lane import Lane, LaneControl
from .scalar import Scalar
from .sums import Sums
from .ways import Ways

__all__ = ["Apu", "apu_members"]


def apu_members(lanes: int, acc_bits: int) -> dict:
    """Streams of an APU: elements of all lanes a beat, lane 0 lowest."""

    def beat(shape):
        return stream.Signature(data.ArrayLayout(shape, lanes))

    return {
        "command": In(stream.Signature(CommandWord)),
        "result": Out(stream.Signature(signed(ACCUMULATOR_BITS))),
        "wide": In(beat(signed(acc_bits))),
        "code": In(beat(unsigned(8))),
        "side": In(beat(unsigned(16))),
        "bits": In(beat(unsigned(1))),
        "code_o": Out(beat(unsigned(8))),
        "side_o": Out(beat(unsigned(8))),
        "word_o": Out(beat(signed(WORD_BITS))),
        "bits_o": Out(beat(unsigned(1))),
    }


class Apu(wiring.Component):
    """Runs microprograms on the maps of one image and channel after another.

    Lane l takes element b * lanes + l in beat b. In the last beat of a map, lanes beyond its elements take and give
    elements that mean nothing. Streams are taken where the chain needs them, so the first beats of one may be up to
    40 beats ahead of those of another.

    Throughput one element a lane and cycle within a map; see docs/acore.md for the cycles of each microprogram.

    Parameters
    ----------
    lanes : int
        Elements a cycle.
    acc_bits : int
        Width of the sums that come in.

    Members
    -------
    command : In(stream of CommandWord)
    result : Out(stream of signed(56))
    wide : In(stream of signed(acc_bits), [lanes])
    code, side, bits : In(stream of 8, 16, 1 bits, [lanes])
    code_o, side_o, word_o, bits_o : Out(stream of 8, 8, 48, 1 bits, [lanes])
    ask, asks, answered, answer
        See :class:`~hw.acore.functions.Functions`.

    Source: ETA, Section IV-C and Fig. 10.
    """

    def __init__(self, *, lanes: int, acc_bits: int):
        self._lanes = lanes
        super().__init__(
            {
                **apu_members(lanes, acc_bits),
                "ask": Out(Ask),
                "asks": Out(1),
                "answered": In(1),
                "answer": In(ANSWER),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.scalar = scalar = shared("scalar", Scalar)
        m.submodules.constants = constants = shared("constants", Constants)
        m.submodules.flow = flow = shared("flow", Flow, lanes=self._lanes)
        m.submodules.sums = sums = shared("sums", Sums, lanes=self._lanes)
        chain = scalar.chain
        values = constants.values
        wiring.connect(m, wiring.flipped(self.command), scalar.command)
        wiring.connect(m, wiring.flipped(self.result), scalar.result)
        m.d.comb += [
            self.ask.eq(scalar.ask),
            self.asks.eq(scalar.asks),
            scalar.answered.eq(self.answered),
            scalar.answer.eq(self.answer),
            constants.set.eq(scalar.set),
            constants.number.eq(scalar.number),
            constants.data.eq(scalar.constant),
            constants.chain.eq(chain),
            flow.chain.eq(chain),
            flow.launch.eq(scalar.launch),
            scalar.active.eq(flow.active),
            *(getattr(flow, name).eq(values[name]) for name in ("count", "group")),
            sums.clear.eq(scalar.launch),
            sums.enable.eq(flow.enable),
            sums.chain.eq(chain),
            sums.select.eq(scalar.select),
            scalar.sum.eq(sums.value),
        ]
        lanes = self._operation(m, chain, values, flow, sums)
        self._inputs(m, flow, scalar)
        self._outputs(m, flow, lanes)
        return m

    def _operation(self, m, chain, values, flow, sums):
        """The lanes, and what they have in common."""
        control = Signal(LaneControl)
        m.submodules.ways = ways = Ways(lanes=self._lanes)
        shared_names = ("narrow", "rescale", "normalise", "convert", "factor0", "factor1", "compare", "mean", "nearest")
        m.d.comb += [
            control.chain.eq(chain),
            *(getattr(control, name).eq(getattr(values, name)) for name in shared_names),
            control.group_start.eq(flow.group_start),
            control.place.eq(flow.place),
            control.noise.clear.eq(flow.clear),
            control.noise.way.eq(ways.move),
            ways.way.eq(flow.way),
            ways.launch.eq(flow.launch),
            ways.index.eq(values.index),
            ways.stride.eq(values.stride),
            control.noise.issue.eq(flow.issue),
            control.noise.keys.eq(values.keys),
            control.noise.write_address.eq(flow.write_address),
            control.noise.read_address.eq(flow.read_address),
        ]
        lanes = []
        for n in range(self._lanes):
            m.submodules[f"lane_{n}"] = lane = shared(f"lane_{n}", Lane)
            m.d.comb += [
                lane.enable.eq(flow.enable),
                lane.control.eq(control),
                lane.included.eq(flow.included[n]),
                lane.control.noise.load.eq(flow.load[n]),
                lane.i.wide.eq(self.wide.payload[n]),
                lane.i.code.eq(self.code.payload[n]),
                lane.i.side.eq(self.side.payload[n]),
                lane.i.bit.eq(self.bits.payload[n]),
                sums.lanes[n].eq(lane.sums),
            ]
            lanes.append(lane)
        m.d.comb += flow.pushed.eq(lanes[0].pushed)
        return lanes

    def _inputs(self, m, flow, scalar):
        for name in ("wide", "code", "side", "bits"):
            port = getattr(self, name)
            m.d.comb += [getattr(flow.offered, name).eq(port.valid), port.ready.eq(getattr(flow.taken, name))]
        m.d.comb += [
            scalar.wide.valid.eq(self.wide.valid),
            scalar.wide.payload.eq(self.wide.payload[0]),
            self.wide.ready.eq(flow.taken.wide | scalar.wide.ready),
        ]

    def _outputs(self, m, flow, lanes):
        fields = {"code_o": "code", "side_o": "side", "word_o": "word", "bits_o": "bit"}
        for name, field in fields.items():
            port, stem = getattr(self, name), name.removesuffix("_o")
            m.d.comb += [
                port.valid.eq(getattr(flow.full, stem)),
                port.payload.eq(Cat(getattr(lane.o, field) for lane in lanes)),
                getattr(flow.drained, stem).eq(port.ready),
            ]
