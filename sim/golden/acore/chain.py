"""A chain of the APU on a whole map: what hw/acore computes element by element (numerics.md Sections 3 to 9).

Arrays have the shape [group][element]: the beats of a pool's group (1 without a pool), the elements or windows of a
map.
"""

from dataclasses import dataclass, field

import numpy as np

from hw.arch.acore.chain import Addend, Factor, Mask, Multiplicand, Outcome, Pool, Rescale, Side, Source, Statistic
from hw.arch.acore.constants import CONVERT_LARGEST, CONVERT_LEAST, Constant
from hw.arch.acore.scalar import Accumulator
from hw.arch.acore.sizes import WORD_BITS
from sim.golden.conv import wrap
from sim.golden.pint import NEAREST, decode, encode, saturated
from sim.golden.random import random16
from sim.golden.shifts import rsh, saturate, shift_left, stochastic_shift
from sim.golden.step.frn import XQ_SHIFT

__all__ = ["Result", "run_chain"]

_SUM = 56
#: The origin of the conversion's constant.
_CONVERT = 31


@dataclass
class Result:
    """What a run gives: arrays by the stream's name, and what `acc` reads."""

    streams: dict[str, np.ndarray] = field(default_factory=dict)
    accumulators: dict[Accumulator, int] = field(default_factory=dict)


class _Run:
    """One run: the values of the units, each computed when another asks for it."""

    def __init__(self, chain: dict[str, int], constants: dict[Constant, int], streams: dict[str, np.ndarray]):
        self._chain, self._constants, self._streams = chain, constants, streams
        self._shape = (constants[Constant.GROUP], constants[Constant.COUNT])

    def field(self, name: str) -> int:
        value = self._chain.get(name, 0)
        return int(getattr(value, "value", value))

    def constant(self, constant: Constant) -> int:
        return self._constants.get(constant, 0)

    def stream(self, name: str) -> np.ndarray:
        return np.asarray(self._streams[name], np.int64).reshape(self._shape)

    def noise(self, number: int) -> np.ndarray:
        if self.constant(Constant.NEAREST):
            return np.array(NEAREST)
        low = Constant.KEY0_LOW + 2 * number
        key = self.constant(Constant(low)) | self.constant(Constant(low + 1)) << 32
        steps = np.arange(self._shape[1]) * self.constant(Constant.STRIDE)
        return random16((steps + self.constant(Constant.INDEX)) & 0xFFFFFFFF, key)

    def side_value(self) -> np.ndarray:
        return decode(self.stream("side") & 0xFF)

    def front(self) -> tuple[np.ndarray, np.ndarray]:
        """(sums that pass the mask, sums that it stops), 0 elsewhere."""
        total = np.zeros(self._shape, np.int64)
        if self.field("wide"):
            total = total + self.stream("wide")
        if self.field("code"):
            total = total + self._shifted(decode(self.stream("code")))
        if self.field("add"):
            total = total + self.constant(Constant.ADD)
        passed = np.ones(self._shape, bool)
        if self.field("mask") == Mask.BITS.value:
            passed = self.stream("bits") == 1
        elif self.field("mask") == Mask.PLACE.value:
            passed = self.stream("side") & 0xFF == self.stream("side") >> 8 & 0xFF
        return np.where(passed, total, 0), np.where(passed, 0, total)

    def _shifted(self, t: np.ndarray) -> np.ndarray:
        if Constant.SCALE in self._constants:
            return t * self.constant(Constant.SCALE)
        return rsh(t, 16 - self.constant(Constant.SHIFT))

    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """(sum or maximum over the group, place of the maximum)."""
        values = self.front()[0]
        if self.field("pool") == Pool.SUM.value:
            return values.sum(axis=0, keepdims=True), np.zeros(self._shape[1], np.int64)
        return values.max(axis=0, keepdims=True), values.argmax(axis=0)

    def exact(self) -> np.ndarray:
        """The rescaler's sum before it saturates."""
        u = self.constant(Constant.RESCALE)
        x = {
            Source.WIDE.value: lambda: self.stream("wide"),
            Source.FRONT.value: lambda: self.front()[0],
            Source.PRODUCT.value: self.product,
        }[self.field("source")]()
        match Rescale(self.field("rescale")):
            case Rescale.FLOOR25:
                return x >> min(16 - u, 63) if u <= 16 else shift_left(x, u - 16)
            case Rescale.NOISE16:
                return stochastic_shift(x, 31 - u, self.noise(0))
            case _:
                return rsh(x, 16 - u)

    def rescaled(self) -> np.ndarray:
        bits = {Rescale.HALF48: WORD_BITS, Rescale.NOISE16: 16}.get(Rescale(self.field("rescale")), 25)
        return saturate(self.exact(), bits)

    def product(self) -> np.ndarray:
        """The multiply-add 0."""
        source = self.field("multiplicand")
        factor = np.asarray(self.constant(Constant.FACTOR0))
        if self.field("factor") == Factor.SIDE.value:
            factor = self.side_value()
        if source == Multiplicand.CENTRED.value:
            x = self.rescaled()
            if self.field("centre"):
                x = saturate(x - np.sign(self.side_value()) * self.constant(Constant.COMPARE), 25)
            return x * factor
        if source == Multiplicand.POOL.value:
            return self.pooled()[0] * factor
        side = self.side_value() if self.field("side_pint") else self.stream("side")
        return side * factor + (0 if self.field("outcome") == Outcome.LESS.value else self.front()[0])

    def x_hat(self) -> np.ndarray:
        return saturate(rsh(self.product(), self.constant(Constant.NORMALISE) + 4), 18)

    def added(self) -> np.ndarray:
        """The multiply-add 1."""
        value = {
            Addend.FRONT.value: lambda: self.front()[0],
            Addend.PRODUCT.value: self.product,
            Addend.RESCALED.value: self.rescaled,
        }[self.field("addend")]()
        return value + self.x_hat() * self.constant(Constant.FACTOR1) if self.field("normalise") else value

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """(z, y >= `compare`)."""
        match Outcome(self.field("outcome")):
            case Outcome.ADDED:
                y, threshold = self.added(), self.constant(Constant.COMPARE)
                passed = y >= threshold
                return saturate(np.where(passed, y, threshold) if self.field("threshold") else y, WORD_BITS), passed
            case Outcome.RESCALED:
                z = self.exact()
            case _:
                z = self.front()[0] - self.exact()
        return saturate(z, 16 if self.field("rescale") == Rescale.NOISE16.value else WORD_BITS), np.zeros(z.shape, bool)


def run_chain(chain: dict[str, int], constants: dict[Constant, int], streams: dict[str, np.ndarray]) -> Result:
    """Let a map stream through a chain.

    Parameters
    ----------
    chain : dict
        Fields of hw.arch.acore.chain.Chain; one that is missing is 0.
    constants : dict
        Constants; SCALE only where it was set after SHIFT.
    streams : dict of array, by name
        `wide`, `code`, `side` (INT16, or its bytes), `bits`.
    """
    run, result = _Run(chain, constants, streams), Result()
    found, sums = result.streams, result.accumulators
    magnitudes = np.zeros(1, np.int64)
    if run.field("addend") or run.field("outcome"):
        z, passed = run.finish()
        magnitudes = np.abs(z)
        if run.field("word_o"):
            found["word_o"] = z
        if run.field("bits_o"):
            found["bits_o"] = passed.astype(np.int64)
        if run.field("code_o"):
            shift = np.array(_CONVERT - min(max(run.constant(Constant.CONVERT), CONVERT_LEAST), CONVERT_LARGEST))
            found["code_o"] = encode(z, shift, run.noise(1))
            sums[Accumulator.SATURATED] = int(saturated(z, shift).sum())
        if run.field("statistic") == Statistic.MAGNITUDE.value:
            sums[Accumulator.SUM0] = int(np.abs(z).sum())
    if run.field("inner"):
        magnitudes = np.abs(run.product())
    sums[Accumulator.LARGEST] = int(np.bitwise_or.reduce(magnitudes, axis=None))
    if run.field("statistic") == Statistic.MASKED.value:
        sums[Accumulator.SUM0] = int(wrap(run.front()[1].sum(), _SUM))
    if run.field("sum1"):
        sums[Accumulator.SUM1] = int(wrap(run.rescaled().sum(), _SUM))
    if run.field("sum2"):
        sums[Accumulator.SUM2] = int(wrap(run.product().sum(), _SUM))
    if run.field("normalise"):
        x_hat, shift = run.x_hat(), np.array(XQ_SHIFT)
        sums[Accumulator.SATURATED1] = int(saturated(x_hat, shift).sum())
        if run.field("side_o") == Side.PINT.value:
            found["side_o"] = encode(x_hat, shift, run.noise(0))
    if run.field("side_o") == Side.PLACE.value:
        found["side_o"] = run.pooled()[1]
    return result
