"""A lane of an APU: the basic operations, and the multiplexers that chain them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Addend, Chain, Factor, Mask, Multiplicand, Outcome, Rescale, Side, Source
from hw.arch.acore.sizes import WORD_BITS
from hw.arch.pint import PintFormat
from hw.arith.decoder import Decoder
from hw.arith.rounder import FRACTION, Rounder
from hw.lib.bits import differ
from hw.lib.delay import delayed
from hw.lib.shared import shared

from .beat import Included
from .finish import COMPARE, HIGH, Finish, high
from .front import FRONT, Front, Pooling
from .narrow import NarrowControl
from .noise import LaneNoise, NoiseControl
from .normalise import Normalise, NormaliseControl
from .product import CENTRED, FACTOR, Centre, Product
from .rescale import RescaleControl, Shift
from .rescaler import Rescaler

__all__ = ["CONVERT", "Lane", "LaneControl", "LaneInput", "LaneOutput", "LaneSums"]

_PINT = PintFormat()
#: Width of a value before it becomes a PINT code.
_FIXED = _PINT.value_width + FRACTION
#: Places of x_hat below the unit of its codes, the shift of their conversion.
_X_HAT_POINT = 4
#: Cycles of the conversion's shift, with the register behind it.
_SHIFT = 4
#: Cycles of the conversion.
CONVERT = _SHIFT + Rounder.LATENCY


class LaneControl(data.Struct):
    """What the lanes of an APU have in common: the chain, its constants, and where groups begin."""

    chain: Chain
    narrow: NarrowControl
    rescale: RescaleControl
    normalise: NormaliseControl
    convert: RescaleControl
    factor0: signed(FACTOR)
    factor1: signed(FACTOR)
    compare: signed(COMPARE)
    mean: signed(CENTRED)  #: the same, 0 where the chain does not centre
    nearest: unsigned(1)
    noise: NoiseControl
    group_start: unsigned(1)  #: the front's sum is the first of its group
    place: unsigned(8)  #: and its number in it


class LaneInput(data.Struct):
    """One element of each input stream, taken when the chain wants it."""

    wide: signed(WORD_BITS)
    code: unsigned(8)
    side: unsigned(16)
    bit: unsigned(1)


class LaneOutput(data.Struct):
    """One element of each output stream."""

    code: unsigned(8)
    side: unsigned(8)
    word: signed(WORD_BITS)
    bit: unsigned(1)


class LaneSums(data.Struct):
    """What the APU accumulates over lanes and elements."""

    magnitude: unsigned(WORD_BITS)  #: |z|, or |multiply-add 0|
    masked: signed(WORD_BITS)  #: the front's sum that the mask stops
    rescaled: signed(CENTRED)  #: the rescaler
    product: signed(38)  #: multiply-add 0: dd * t has no more
    saturates: unsigned(1)  #: conversion of z
    saturates1: unsigned(1)  #: code of x_hat


class Lane(wiring.Component):
    """The operation block of one lane, with the organisation network that chains its units.

    Units: front (add, mask), pooling (accumulation, comparison), rescaler, centring, multiply-add 0, normalisation,
    multiply-add 1, comparison, |x|, conversion. Each takes what the fields of the chain name.

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
        m.submodules.noise = noise = shared("noise", LaneNoise)
        m.submodules.side_decoder = side = Decoder(pint=_PINT)
        m.d.comb += [
            noise.enable.eq(self.enable),
            noise.control.eq(self.control.noise),
            self.pushed.eq(noise.pushed),
            side.code.eq(self.i.side),
        ]
        front, pooling = self._front(m)
        rescaler = shared("rescaler", Rescaler)
        product = self._product(m, rescaler, front, pooling, side)
        self._rescaler(m, rescaler, front, product, noise)
        x_hat, code = self._normalise(m, product, noise)
        added, upper = self._added(m, x_hat, front, product, rescaler)
        finish = self._finish(m, added, upper, product, rescaler)
        self._convert(m, finish, noise)
        m.d.comb += [
            self.o.side.eq(Mux(self.control.chain.side_o == Side.PINT, code, pooling.index)),
            self.sums.masked.eq(front.masked),
            self.sums.rescaled.eq(rescaler.value[:CENTRED]),
            self.sums.product.eq(product.value[:38]),
        ]
        return m

    def _front(self, m):
        control = self.control
        chain = control.chain
        m.submodules.front = front = shared("front", Front)
        m.submodules.pooling = pooling = shared("pooling", Pooling)
        m.d.comb += [
            front.enable.eq(self.enable),
            front.included.eq(self.included.front),
            front.takes_wide.eq(chain.wide),
            front.takes_code.eq(chain.code),
            front.narrow.eq(control.narrow),
            front.code.eq(self.i.code),
            front.wide.eq(self.i.wide),
            front.passes.eq(
                Mux(
                    chain.mask == Mask.BITS,
                    self.i.bit,
                    (chain.mask != Mask.PLACE) | (self.i.side[:8] == self.i.side[8:]),
                )
            ),
            pooling.enable.eq(self.enable),
            pooling.kind.eq(chain.pool),
            pooling.start.eq(control.group_start),
            pooling.place.eq(control.place),
            pooling.x.eq(front.value),  # a pool's sum has 25 bits
        ]
        return front, pooling

    def _rescaler(self, m, unit, front, product, noise):
        control = self.control
        chain = control.chain
        m.submodules.rescaler = unit
        m.d.comb += [
            unit.enable.eq(self.enable),
            unit.control.eq(control.rescale),
            unit.mode.eq(chain.rescale),
            unit.less.eq(chain.outcome == Outcome.LESS),
            unit.front.eq(front.value),
            unit.included.eq(self.included.rescaled),
            unit.random16.eq(noise.random16[0]),
            unit.nearest.eq(control.nearest),
            unit.x.eq(
                Mux(
                    chain.source == Source.WIDE,
                    self.i.wide,
                    Mux(chain.source == Source.FRONT, front.value, product.value),
                )
            ),
        ]

    def _product(self, m, rescaler, front, pooling, side):
        control = self.control
        chain = control.chain
        m.submodules.centre = centre = shared("centre", Centre)
        m.submodules.product0 = product = shared("product0", Product)
        value = side.value
        kind = chain.multiplicand
        m.d.comb += [
            centre.enable.eq(self.enable),
            centre.x.eq(rescaler.value),
            centre.t.eq(value),
            centre.mean.eq(control.mean),
            product.enable.eq(self.enable),
            product.a.eq(
                Mux(
                    kind == Multiplicand.CENTRED,
                    centre.value,
                    Mux(kind == Multiplicand.POOL, pooling.value, Mux(chain.side_pint, value, self.i.side.as_signed())),
                )
            ),
            product.b.eq(Mux(chain.factor == Factor.SIDE, centre.t_o, control.factor0)),
            product.c.eq(Mux((kind == Multiplicand.SIDE) & (chain.outcome != Outcome.LESS), front.value, 0)),
            product.included.eq(self.included.product),
        ]
        return product

    def _normalise(self, m, product, noise):
        """x_hat and its PINT code."""
        m.submodules.normalise = normalise = shared("normalise", Normalise)
        m.submodules.rounder0 = rounder = shared("rounder0", Rounder, pint=_PINT, fraction=_X_HAT_POINT)
        x_hat = normalise.value
        over = differ(x_hat[-2:])  # t has one bit less
        m.d.comb += [
            normalise.enable.eq(self.enable),
            normalise.control.eq(self.control.normalise),
            normalise.x.eq(product.value),
            rounder.enable.eq(self.enable),
            rounder.random16.eq(noise.random16[0]),
            rounder.nearest.eq(self.control.nearest),
            rounder.value.eq(Cat(x_hat[:-2], x_hat[-1])),  # of a value beyond the limits, only the sign counts
            rounder.over.eq(over),
            self.sums.saturates1.eq(over & self.included.saturates1),
        ]
        return x_hat, rounder.code

    def _added(self, m, x_hat, front, product, rescaler):
        """The multiply-add 1, and the upper bits of its summand."""
        chain = self.control.chain
        m.submodules.product1 = added = shared("product1", Product)
        summand, upper = Signal(signed(FRONT)), Signal(signed(HIGH))
        source = chain.addend
        beyond = (source == Addend.RESCALED) & rescaler.over
        m.d.comb += [
            summand.eq(
                Mux(source == Addend.FRONT, front.value, Mux(source == Addend.PRODUCT, product.value, rescaler.value))
            ),
            # Far beyond 48 bits, where the rescaler's value is.
            upper.eq(Mux(beyond, Mux(rescaler.negative, -(1 << HIGH - 1), (1 << HIGH - 1) - 1), high(summand))),
            added.enable.eq(self.enable),
            added.a.eq(x_hat),
            added.b.eq(self.control.factor1),
            added.c.eq(summand),
            added.included.eq(1),
        ]
        with m.If(self.enable):
            upper = delayed(m, upper, Product.LATENCY, name="upper")
        return added, upper

    def _finish(self, m, added, upper, product, rescaler):
        control = self.control
        chain = control.chain
        m.submodules.finish = finish = shared("finish", Finish)
        m.d.comb += [
            finish.enable.eq(self.enable),
            finish.y.eq(added.value),
            finish.high.eq(upper),
            finish.threshold.eq(chain.threshold),
            finish.compare.eq(control.compare),
            finish.direct.eq(chain.outcome != Outcome.ADDED),
            finish.narrow.eq(chain.rescale == Rescale.NOISE16),
            finish.rescaled.eq(rescaler.value),
            finish.over.eq(rescaler.over),
            finish.negative.eq(rescaler.negative),
            finish.inner.eq(chain.inner),
            finish.product.eq(product.value),
            finish.included.eq(self.included.magnitude),
            self.o.word.eq(finish.z),
            self.o.bit.eq(finish.passed),
            self.sums.magnitude.eq(finish.magnitude),
        ]
        return finish

    def _convert(self, m, finish, noise):
        m.submodules.shift = shift = shared("shift", Shift, words=3, bits=_FIXED)
        m.submodules.rounder1 = rounder = shared("rounder1", Rounder, pint=_PINT)
        fixed = Signal(signed(_FIXED), reset_less=True)
        over = Signal(reset_less=True)
        m.d.comb += [
            shift.enable.eq(self.enable),
            shift.x.eq(finish.z),
            shift.control.eq(self.control.convert),
            rounder.enable.eq(self.enable),
            rounder.value.eq(fixed),
            rounder.over.eq(over),
            rounder.random16.eq(noise.random16[1]),
            rounder.nearest.eq(self.control.nearest),
            self.o.code.eq(rounder.code),
            self.sums.saturates.eq(over & self.included.saturates),
        ]
        with m.If(self.enable):
            m.d.sync += [
                over.eq(shift.over),
                # Of a value beyond the limits, only the sign counts.
                fixed.eq(Cat(shift.value[:-1], shift.negative)),
            ]
