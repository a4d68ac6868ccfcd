"""Schedule of an APU's lanes: the beats of a job, the cycle in which each unit takes one, and the streams they need."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Addend, Chain, Factor, Mask, Multiplicand, Outcome, Rescale, Side, Source
from hw.arch.acore.sizes import COUNT_BITS
from hw.arith.rounder import Rounder
from hw.lib.memory.ring import DEPTH

from .beat import Beat, Included, Inputs, Outputs
from .finish import Finish
from .front import Front
from .lane import CONVERT
from .narrow import Narrow
from .noise import NOISES
from .normalise import Normalise
from .product import Centre, Product
from .rescaler import FRONT_TAKEN, Rescaler
from .ways import IndexStep

__all__ = ["GROUP", "Flow"]

#: Width of the number of beats of a group.
GROUP = 13
#: Cycles after the last beat until the sums are complete.
_SETTLE = 4
#: Stages of the multiply-add 0 whose beat starts the way to the front: both reach the multiply-add 1 together, and
#: the sum of the front is there when the rescaler takes it.
_LATE = Product.LATENCY + Normalise.LATENCY - Front.LATENCY - 1
_LESS = Product.LATENCY + FRONT_TAKEN - Front.LATENCY - 1
#: Stage of the front in which its sum takes a wide value, and of the rescaler in which it takes noise.
_WIDE, _NOISE = 1, 0


class Flow(wiring.Component):
    """Sends the beats of a map through the lanes.

    A beat enters the first unit of the chain every cycle, and takes from each stream when it reaches the unit that
    wants it. All units hold while a beat wants an element that a stream does not offer, or offers one that is not
    taken. The lanes' indices are loaded before.

    A map of n elements takes lanes + n / lanes + latency of the chain + 6 cycles.

    Parameters
    ----------
    lanes : int

    Members
    -------
    chain : In(Chain)
        Constant while `active`.
    launch : In(1)
        Start a map.
    active : Out(1)
        A map is under way, or its sums are.
    count, group : In
        Constants of the map.
    offered : In(Inputs), taken : Out(Inputs)
    full : Out(Outputs), drained : In(Outputs)
        Valid and ready of the output streams.
    enable : Out(1)
        The lanes advance.
    clear : Out(1), load : Out(lanes), way : Out(IndexStep)
        Indices of the lanes: cleared, then each adds what its first element's index is made of; `way` is a cycle early.
    issue, pushed, write_address, read_address
        Noise, see :class:`~hw.acore.noise.NoiseControl`.
    group_start, place : Out
        Of the front's sum.
    included : Out(Included), [lanes]

    Source: ETA, Section IV-C.
    """

    def __init__(self, *, lanes: int):
        self._lanes = lanes
        super().__init__(
            {
                "chain": In(Chain),
                "launch": In(1),
                "active": Out(1),
                "count": In(COUNT_BITS),
                "group": In(GROUP),
                "offered": In(Inputs),
                "taken": Out(Inputs),
                "full": Out(Outputs),
                "drained": In(Outputs),
                "enable": Out(1),
                "clear": Out(1),
                "load": Out(lanes),
                "way": Out(IndexStep),
                "issue": Out(1),
                "pushed": In(1),
                "write_address": Out(range(DEPTH)),
                "read_address": Out(data.ArrayLayout(range(DEPTH), NOISES)),
                "group_start": Out(1),
                "place": Out(8),
                "included": Out(data.ArrayLayout(Included, lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        beat = self._beats(m)
        units = self._units(m, beat)
        self._inputs(m, beat, units)
        self._outputs(m, units)
        self._noise(m, beat, units)
        self._sums(m, units)
        return m

    def _beats(self, m):
        """The beat that enters; the one state machine."""
        beat = Signal(Beat)
        left, rest, move = Signal(COUNT_BITS, reset_less=True), Signal(COUNT_BITS), Signal(signed(COUNT_BITS + 1))
        number, after = Signal(GROUP, reset_less=True), Signal(GROUP)
        start = Signal(reset_less=True)
        loading = Signal(self._lanes)
        settle = Signal(_SETTLE)
        self._busy = Signal()
        self._tail = Signal(self._lanes)  # lanes that have an element in the last beat
        low = self._lanes.bit_length()
        more = left[low:].any()
        fits = left[:low] <= self._lanes if self._lanes + 1 < 1 << low else 1  # with 1, 3 or 7 lanes whatever it is
        m.d.comb += [
            beat.last.eq(~more & fits),
            beat.start.eq(start),
            after.eq(number + 1),
            rest.eq(left + move),
            beat.close.eq(after == self.group),
            self._tail.eq(Cat(Const(1, 1), *(more | (left[:low] > n) for n in range(1, self._lanes)))),
            self.active.eq(1),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.active.eq(self.launch), self.clear.eq(1)]
                m.d.sync += [start.eq(1), settle.eq(1)]
                m.d.sync += loading.eq(-1)
                m.d.comb += self.way.eq(IndexStep.START)
                with m.If(self.launch):
                    m.next = "LOAD"
            with m.State("LOAD"):
                # All lanes add the first index, then lane l the stride l times.
                m.d.comb += [self.load.eq(loading), self.way.eq(IndexStep.STRIDE)]
                m.d.sync += loading.eq(loading << 1)
                with m.If(~loading[:-1].any()):
                    m.d.comb += [self.way.eq(IndexStep.STEP), move.eq(self.count)]
                    m.d.sync += left.eq(rest)
                    m.next = "STREAM"
            with m.State("STREAM"):
                m.d.comb += [beat.valid.eq(1), self.way.eq(IndexStep.STEP), move.eq(-self._lanes)]
                with m.If(self.enable):
                    m.d.sync += [number.eq(after), start.eq(beat.close)]
                    with m.If(beat.close & beat.last):
                        m.next = "DRAIN"
                    with m.Elif(beat.close):
                        m.d.sync += left.eq(rest)
            with m.State("DRAIN"), m.If(~self._busy):
                m.d.sync += settle.eq(settle << 1)
                with m.If(settle[-1]):
                    m.next = "IDLE"
        # After the states, so that these become the resets of registers.
        with m.If(self.clear):
            m.d.sync += left.eq(0)
        with m.If(self.clear | (self.enable & beat.close)):
            m.d.sync += number.eq(0)
        return beat

    def _units(self, m, beat):
        """Beats in each stage of each unit, by the unit's name."""
        chain, units, busy = self.chain, {}, []

        def unit(name, used, source, latency):
            stages = []
            for n in range(1, latency + 1):
                stage = Signal(Beat, name=f"{name}_q{n}")
                with m.If(self.enable):
                    m.d.sync += stage.eq(source)
                    if n == 1:
                        m.d.sync += stage.valid.eq(source.valid & used)
                source = stage
                stages.append(stage)
                busy.append(stage.valid)
            units[name] = stages

        def chosen(name, select, choices):
            source = Signal(Beat, name=name)
            with m.Switch(select):
                for value, choice in choices.items():
                    with m.Case(value):
                        m.d.comb += source.eq(choice)
            return source

        def later(name):  # Last stage of a unit that is made below.
            return Signal(Beat, name=f"{name}_end")

        product0, before0, started0 = later("product0"), later("before0"), later("started0")
        entering, sided = Signal(Beat, name="entering"), Signal(Beat, name="sided")
        less = chain.outcome == Outcome.LESS
        late = Mux(chain.source == Source.WIDE, started0, beat)
        m.d.comb += entering.eq(Mux(less, before0, late))
        units["entering"] = [entering]
        unit("narrow", 1, entering, Narrow.LATENCY)
        unit("front", 1, units["narrow"][-1], Front.LATENCY - Narrow.LATENCY)
        front = units["front"][-1]
        unit("wait", less, beat, Front.LATENCY)  # for noise, as long as where the front comes first
        m.d.comb += sided.eq(Mux(less, units["wait"][-1], front))
        units["sided"] = [sided]
        unit("pool", (chain.multiplicand == Multiplicand.POOL) & front.close, front, 1)
        sources = {Source.WIDE: beat, Source.FRONT: front, Source.PRODUCT: product0}
        unit("rescale", 1, chosen("rescale", chain.source, sources), Rescaler.LATENCY)
        rescaled = units["rescale"][-1]
        unit("centre", chain.multiplicand == Multiplicand.CENTRED, rescaled, Centre.LATENCY)
        sources = {
            Multiplicand.CENTRED: units["centre"][-1],
            Multiplicand.SIDE: sided,
            Multiplicand.POOL: units["pool"][-1],
        }
        unit("product0", 1, chosen("multiplicand", chain.multiplicand, sources), Product.LATENCY)
        stages = units["product0"]
        m.d.comb += [product0.eq(stages[-1]), before0.eq(stages[_LESS]), started0.eq(stages[_LATE])]
        unit("normalise", chain.normalise, product0, Normalise.LATENCY)
        unit("round0", chain.side_o == Side.PINT, units["normalise"][-1], Rounder.LATENCY)
        sources = {Addend.FRONT: front, Addend.PRODUCT: product0, Addend.RESCALED: rescaled}
        unit("product1", 1, chosen("addend", chain.addend, sources), Product.LATENCY)
        finishing = Signal(Beat, name="finishing")
        # The rescaler's value is one register nearer to z.
        m.d.comb += finishing.eq(Mux(chain.outcome == Outcome.ADDED, units["product1"][-1], units["rescale"][-2]))
        unit("finish", 1, finishing, Finish.LATENCY)
        unit("convert", chain.code_o, units["finish"][-1], CONVERT)
        m.d.comb += self._busy.eq(Cat(busy).any())
        return units

    def _inputs(self, m, beat, units):
        """What the beats want of the streams in this cycle."""
        chain = self.chain
        front = units["front"]
        late = chain.source == Source.WIDE
        side_late = chain.centre | (chain.factor == Factor.SIDE)
        side_front = chain.multiplicand == Multiplicand.SIDE
        self._wanted = wanted = Signal(Inputs)
        m.d.comb += [
            wanted.code.eq(units["entering"][0].valid & chain.code),
            wanted.wide.eq((beat.valid & late) | (units["narrow"][_WIDE].valid & chain.wide)),
            wanted.bits.eq(front[0].valid & (chain.mask == Mask.BITS)),
            wanted.side.eq(
                (front[0].valid & (chain.mask == Mask.PLACE))
                | (units["sided"][0].valid & side_front)
                | (units["rescale"][-1].valid & side_late)
            ),
            self.taken.eq(Mux(self.enable, wanted, 0)),
        ]

    def _outputs(self, m, units):
        """What the beats offer to the output streams, and whether all may advance."""
        chain = self.chain
        offers, sent = Signal(Outputs), Signal(Outputs)
        side = Signal()
        with m.Switch(chain.side_o):
            with m.Case(Side.PINT):
                m.d.comb += side.eq(units["round0"][-1].valid)
            with m.Case(Side.PLACE):
                m.d.comb += side.eq(units["pool"][-1].valid)
        full, drained, missing = self.full.as_value(), self.drained.as_value(), Signal()
        m.d.comb += [
            offers.code.eq(units["convert"][-1].valid),
            offers.side.eq(side),
            offers.word.eq(units["finish"][-1].valid & chain.word_o),
            offers.bits.eq(units["finish"][-1].valid & chain.bits_o),
            full.eq(offers.as_value() & ~sent.as_value()),
            missing.eq((self._wanted.as_value() & ~self.offered.as_value()).any()),
            self.enable.eq(~missing & ~(full & ~drained).any()),
        ]
        # What was taken while another output, or an input, held the lanes is not offered again.
        m.d.sync += sent.as_value().eq(Mux(self.enable, 0, sent.as_value() | (full & drained)))

    def _noise(self, m, beat, units):
        """Addresses of the rings."""
        chain = self.chain
        noisy = chain.rescale == Rescale.NOISE16
        pops = (
            Mux(noisy, units["rescale"][_NOISE].valid, units["normalise"][-1].valid),
            units["convert"][-Rounder.LATENCY - 1].valid,
        )
        m.d.comb += self.issue.eq(beat.valid & beat.close)
        with m.If(self.launch):
            m.d.sync += [self.write_address.eq(0), self.read_address.eq(0)]
        with m.Else():
            m.d.sync += self.write_address.eq(self.write_address + self.pushed)
            for n, pop in enumerate(pops):
                m.d.sync += self.read_address[n].eq(self.read_address[n] + (pop & self.enable))

    def _sums(self, m, units):
        """Group and place of the front's sum, and what is included in the sums."""
        chain = self.chain
        front = units["front"][-1]
        place = Signal(8, reset_less=True)
        passes = self.enable & front.valid
        m.d.comb += [self.group_start.eq(front.start), self.place.eq(place)]
        with m.If(passes):
            m.d.sync += place.eq(place + 1)
        with m.If(self.clear | (passes & front.close)):
            m.d.sync += place.eq(0)
        stages = {
            "front": units["front"][-2],
            "rescaled": units["rescale"][-2],
            "product": units["product0"][-2],
            "magnitude": units["finish"][-1],
            "saturates": units["convert"][-Rounder.LATENCY - 1],
            "saturates1": units["normalise"][-1],
        }
        for n in range(self._lanes):
            for name, stage in stages.items():
                m.d.comb += self.included[n][name].eq(stage.valid & (~stage.last | self._tail[n]))
            with m.If(chain.inner):
                m.d.comb += self.included[n].magnitude.eq(1)  # what is no element is 0 already
