"""A lane of an APU: the basic operations, and the multiplexers that chain them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.decoder import Decoder
from hw.arith.rounder import Rounder
from hw.arith.shifter import Shifter
from hw.shared import shared
from hw.spec.acore import (
    WORD_BITS,
    Chain,
    Factor,
    Mask,
    Multiplicand,
    Multiplier,
    Other,
    Rescale1,
    Side,
    Source0,
    SourceAdd,
)  # fmt: skip
from hw.spec.pint import PintFormat

from .beat import Included
from .finish import Finish
from .front import FRONT, Front, Pooling
from .narrow import NarrowControl
from .noise import LaneNoise, NoiseControl
from .product import CENTRED, Centre, Product
from .rescale import RescaleControl
from .rescaler import FIXED, Rescaler0, Rescaler1

__all__ = ["Lane", "LaneControl", "LaneInput", "LaneOutput", "LaneSums"]


class LaneControl(data.Struct):
    """What the lanes of an APU have in common: the chain, its constants, and where groups begin."""

    chain: Chain
    narrow: NarrowControl
    rescale0: RescaleControl
    rescale1: RescaleControl
    convert: signed(8)
    factor0: signed(18)
    factor1: signed(18)
    add: signed(WORD_BITS)
    compare: signed(WORD_BITS)
    noise: NoiseControl
    group_start: unsigned(1)  #: the front's sum is the first of its group
    place: unsigned(8)  #: and its number in it


class LaneInput(data.Struct):
    """One element of each input stream, taken when the chain wants it."""

    wide: signed(WORD_BITS)
    code: unsigned(8)
    side: unsigned(16)
    weight: unsigned(16)
    bit: unsigned(1)


class LaneOutput(data.Struct):
    """One element of each output stream."""

    code: unsigned(8)
    side: unsigned(16)
    word: signed(WORD_BITS)
    bit: unsigned(1)


class LaneSums(data.Struct):
    """What the APU accumulates over lanes and elements."""

    magnitude: unsigned(WORD_BITS)  #: |z|
    magnitude0: unsigned(WORD_BITS)  #: |multiply-add 0|
    masked: signed(WORD_BITS)  #: the front's sum that the mask stops
    rescaled: signed(CENTRED)  #: rescaler 0
    product: signed(38)  #: multiply-add 0: dd * t has no more
    saturates: unsigned(1)  #: conversion of z
    saturates1: unsigned(1)  #: conversion of rescaler 1


class Lane(wiring.Component):
    """The operation block of one lane, with the organisation network that chains its units.

    Units: front (add, mask), pooling (accumulation, comparison), rescalers 0 and 1 and their rounding, centring,
    multiply-add 0, multiplication 1, adder, comparison, |x|, conversion. Each takes what the fields of the chain name.

    Throughput one element a cycle; all hold while `enable` is low. Latencies are those of the units; the
    APU knows when which is where (:class:`~hw.acore.flow.Flow`).

    Members
    -------
    enable : In(1)
    control : In(LaneControl)
        Constant while a map streams, but for the noise's addresses and the groups.
    included : In(Included)
    i : In(LaneInput)
    o : Out(LaneOutput)
    sums : Out(LaneSums)
    pushed : Out(1)
        A random number enters the rings.

    Source: ETA, Section IV-C and Fig. 10.
    """

    enable: In(1)
    control: In(LaneControl)
    included: In(Included)
    i: In(LaneInput)
    o: Out(LaneOutput)
    sums: Out(LaneSums)
    pushed: Out(1)

    def elaborate(self, platform):
        m = Module()
        chain = self.control.chain
        m.submodules.noise = noise = shared("noise", LaneNoise)
        m.submodules.side_decoder = side = Decoder(pint=PintFormat())
        m.d.comb += [
            noise.enable.eq(self.enable),
            noise.control.eq(self.control.noise),
            self.pushed.eq(noise.pushed),
            side.code.eq(self.i.side[:8]),
        ]
        front, pooling = self._front(m)
        rescaler0 = shared("rescaler0", Rescaler0)
        product = self._product(m, rescaler0, front, pooling, side)
        rescaler1, rounder1 = self._rescaler1(m, product, noise)
        product1 = self._product1(m, rescaler1, rounder1)
        self._rescaler0(m, rescaler0, front, product1, noise)
        finish = self._finish(m, front, product, product1, rescaler0)
        self._output(m, finish, noise)
        m.d.comb += [
            self.o.side.eq(
                Mux(chain.side_o == Side.PINT, rounder1.code,
                    Mux(chain.side_o == Side.RESCALED, rescaler1.value[:16], pooling.index))
            ),
            self.sums.masked.eq(front.masked),
            self.sums.rescaled.eq(rescaler0.value[:CENTRED]),
            self.sums.product.eq(product.value[:38]),
            self.sums.magnitude0.eq(product.magnitude),
        ]  # fmt: skip
        return m

    def _front(self, m):
        control = self.control
        chain = control.chain
        m.submodules.front = front = shared("front", Front)
        m.submodules.pooling = pooling = shared("pooling", Pooling)
        m.d.comb += [
            front.enable.eq(self.enable),
            front.included.eq(self.included.front),
            front.first.eq(chain.first),
            front.second.eq(chain.second),
            front.narrow.eq(control.narrow),
            front.add.eq(control.add),
            front.code.eq(self.i.code),
            front.wide.eq(self.i.wide),
            front.passes.eq(
                Mux(chain.mask == Mask.BITS, self.i.bit,
                    (chain.mask != Mask.PLACE) | (self.i.side[:8] == self.i.side[8:]))
            ),
            pooling.enable.eq(self.enable),
            pooling.kind.eq(chain.pool),
            pooling.start.eq(control.group_start),
            pooling.place.eq(control.place),
            pooling.x.eq(front.value),  # a pool's sum has 25 bits
        ]  # fmt: skip
        return front, pooling

    def _rescaler0(self, m, unit, front, product1, noise):
        chain = self.control.chain
        m.submodules.rescaler0 = unit
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.control.rescale0),
            unit.mode.eq(chain.rescale0),
            unit.included.eq(self.included.rescaled),
            unit.random16.eq(noise.random16[0]),
            unit.x.eq(
                Mux(chain.source0 == Source0.WIDE, self.i.wide,
                    Mux(chain.source0 == Source0.FRONT, front.value, product1.value))
            ),
        ]  # fmt: skip

    def _product(self, m, rescaler0, front, pooling, side):
        control = self.control
        chain = control.chain
        m.submodules.centre = centre = shared("centre", Centre)
        m.submodules.product0 = product = shared("product0", Product, magnitude=True)
        value = side.value
        kind = chain.multiplicand
        m.d.comb += [
            centre.enable.eq(self.enable),
            centre.x.eq(rescaler0.value),
            centre.t.eq(value),
            centre.mean.eq(Mux(chain.centre, control.compare, 0)),
            product.enable.eq(self.enable),
            product.a.eq(
                Mux(kind == Multiplicand.CENTRED, centre.value,
                    Mux(kind == Multiplicand.POOL, pooling.value,
                        Mux(chain.side_pint, value, self.i.side.as_signed())))
            ),
            product.b.eq(Mux(chain.factor == Factor.SIDE, centre.t_o, control.factor0)),
            product.c.eq(Mux(kind == Multiplicand.SIDE, front.value, 0)),
            product.included.eq(self.included.product),
        ]  # fmt: skip
        return product

    def _rescaler1(self, m, product, noise):
        chain = self.control.chain
        m.submodules.rescaler1 = unit = shared("rescaler1", Rescaler1)
        m.submodules.rounder1 = rounder = shared("rounder1", Rounder, pint=PintFormat())
        half = chain.rescale1 == Rescale1.HALF18
        # x_hat * 2^12, whose sign stays the last bit where it does not fit.
        x_hat = Cat((unit.value << 12)[: FIXED - 1], unit.value[-1]).as_signed()
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(self.control.rescale1),
            unit.mode.eq(chain.rescale1),
            unit.random16.eq(noise.random16[1]),
            unit.x.eq(product.value),
            rounder.enable.eq(self.enable),
            rounder.random16.eq(noise.random16[1]),
            rounder.value.eq(Mux(half, x_hat, unit.fixed)),
            rounder.over.eq(Mux(half, unit.value[-1] ^ unit.value[-2], unit.over)),
            self.sums.saturates1.eq(rounder.over & self.included.saturates1),
        ]
        return unit, rounder

    def _product1(self, m, rescaler1, rounder1):
        m.submodules.value_decoder = decoder = Decoder(pint=PintFormat())
        m.submodules.product1 = product = shared("product1", Product, magnitude=False)
        pint = self.control.chain.multiplier == Multiplier.PINT
        m.d.comb += [
            decoder.code.eq(rounder1.code),
            product.enable.eq(self.enable),
            product.a.eq(Mux(pint, decoder.value, rescaler1.value)),
            product.b.eq(self.control.factor1),
            product.c.eq(0),
            product.included.eq(1),
        ]
        return product

    def _finish(self, m, front, product, product1, rescaler0):
        control = self.control
        chain = control.chain
        m.submodules.weight_decoder = weight = Decoder(pint=PintFormat())
        m.submodules.finish = finish = shared("finish", Finish)
        source = chain.source_add
        first = Signal(signed(FRONT))
        with m.Switch(source):
            with m.Case(SourceAdd.FRONT):
                m.d.comb += first.eq(front.value)
            with m.Case(SourceAdd.PRODUCT0):
                m.d.comb += first.eq(product.value)
            with m.Case(SourceAdd.PRODUCT1):
                m.d.comb += first.eq(product1.value)
            with m.Default():
                m.d.comb += first.eq(rescaler0.value)
        with m.Switch(chain.other):
            with m.Case(Other.FRONT):
                m.d.comb += finish.other.eq(front.value)
            with m.Case(Other.WEIGHT):
                m.d.comb += finish.other.eq(self.i.weight.as_signed())
            with m.Case(Other.WEIGHT_PINT):
                m.d.comb += finish.other.eq(weight.value << 20)
        m.d.comb += [
            weight.code.eq(self.i.weight[:8]),
            finish.enable.eq(self.enable),
            finish.first.eq(first),
            finish.less.eq((chain.other == Other.WEIGHT) | (chain.other == Other.WEIGHT_PINT)),
            finish.threshold.eq(chain.threshold),
            finish.narrow.eq(chain.narrow),
            finish.compare.eq(control.compare),
            finish.included.eq(self.included.magnitude),
            self.o.word.eq(finish.z),
            self.o.bit.eq(finish.passed),
            self.sums.magnitude.eq(finish.magnitude),
        ]
        return finish

    def _output(self, m, finish, noise):
        m.submodules.shifter = shifter = shared("shifter", Shifter, x_width=WORD_BITS, width=FIXED)
        m.submodules.rounder = rounder = shared("rounder", Rounder, pint=PintFormat())
        m.d.comb += [
            shifter.enable.eq(self.enable),
            shifter.x.eq(finish.z),
            shifter.shift.eq(self.control.convert),
            rounder.enable.eq(self.enable),
            rounder.value.eq(shifter.value),
            rounder.over.eq(shifter.over),
            rounder.random16.eq(noise.random16[2]),
            self.o.code.eq(rounder.code),
            self.sums.saturates.eq(shifter.over & self.included.saturates),
        ]
