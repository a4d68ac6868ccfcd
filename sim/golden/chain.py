"""A chain of the APU on a whole map: what hw/acore computes element by element (numerics.md Sections 3 to 9).

Arrays have the shape [group][element]: the beats of a pool's group (1 without a pool), the elements or windows of a
map.
"""

from dataclasses import dataclass, field

import numpy as np

from hw.spec.acore import (
    Accumulator,
    Constant,
    Factor,
    First,
    Mask,
    Multiplicand,
    Multiplier,
    Other,
    Pool,
    Rescale0,
    Rescale1,
    Second,
    Side,
    Source0,
    SourceAdd,
    Statistic,
)  # fmt: skip

from .conv import wrap
from .frn import XQ_SHIFT
from .pint import NEAREST, decode, encode, saturated
from .random import random16
from .shifts import rsh, saturate, shift_left, stochastic_shift

__all__ = ["Result", "run_chain"]

_SHIFTED, _WORD, _SUM = 52, 48, 56


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
        """(sum that the mask lets through, sum that it stops)."""
        total = np.zeros(self._shape, np.int64)
        if self.field("first") == First.WIDE.value:
            total = total + self.stream("wide")
        if self.field("first") == First.CONSTANT.value:
            total = total + self.constant(Constant.ADD)
        if self.field("second") == Second.CODE.value:
            total = total + self._shifted(decode(self.stream("code")))
        if self.field("second") == Second.CONSTANT.value:
            total = total + self.constant(Constant.ADD)
        passed = np.ones(self._shape, bool)
        if self.field("mask") == Mask.BITS.value:
            passed = self.stream("bits") == 1
        if self.field("mask") == Mask.PLACE.value:
            passed = self.stream("side") & 0xFF == self.stream("side") >> 8 & 0xFF
        return np.where(passed, total, 0), np.where(passed, 0, total)

    def _shifted(self, t: np.ndarray) -> np.ndarray:
        if Constant.SCALE in self._constants:
            return t * self.constant(Constant.SCALE)
        shift = 16 - self.constant(Constant.SHIFT)
        return rsh(t, shift) if shift > 0 else saturate(shift_left(t, -shift), _SHIFTED)

    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """(sum or maximum over the group, place of the maximum)."""
        values = self.front()[0]
        if self.field("pool") == Pool.SUM.value:
            return values.sum(axis=0, keepdims=True), np.zeros(self._shape[1], np.int64)
        return values.max(axis=0, keepdims=True), values.argmax(axis=0)

    def rescaled0(self) -> np.ndarray:
        source, u = self.field("source0"), self.constant(Constant.RESCALE0)
        x = {
            Source0.WIDE.value: lambda: self.stream("wide"),
            Source0.FRONT.value: lambda: self.front()[0],
            Source0.PRODUCT1.value: self.product1,
        }[source]()
        match Rescale0(self.field("rescale0")):
            case Rescale0.FLOOR25:
                return saturate(x >> min(16 - u, 63) if u <= 16 else shift_left(x, u - 16), 25)
            case Rescale0.HALF25:
                return saturate(rsh(x, 16 - u), 25)
            case Rescale0.HALF48:
                return saturate(rsh(x, 16 - u), _WORD)
            case _:
                return saturate(stochastic_shift(x, 31 - u, self.noise(0)), 17)

    def product0(self) -> np.ndarray:
        source = self.field("multiplicand")
        factor = np.asarray(self.constant(Constant.FACTOR0))
        if self.field("factor") == Factor.SIDE.value:
            factor = self.side_value()
        if source == Multiplicand.CENTRED.value:
            x = self.rescaled0()
            if self.field("centre"):
                x = saturate(x - np.sign(self.side_value()) * self.constant(Constant.COMPARE), 25)
            return x * factor
        if source == Multiplicand.POOL.value:
            return self.pooled()[0] * factor
        side = self.side_value() if self.field("side_pint") else self.stream("side")
        return side * factor + self.front()[0]

    def rescaled1(self) -> np.ndarray:
        x, u = self.product0(), self.constant(Constant.RESCALE1)
        if self.field("rescale1") == Rescale1.HALF18.value:
            return saturate(rsh(x, 30 - u), 18)
        return saturate(stochastic_shift(x, 31 - u, self.noise(1)), 16)

    def pint1(self) -> tuple[np.ndarray, np.ndarray]:
        """(value, shift) of what becomes the PINT code of rescaler 1."""
        if self.field("rescale1") == Rescale1.HALF18.value:
            return self.rescaled1(), np.array(XQ_SHIFT)
        return self.product0(), np.array(31 - self.constant(Constant.RESCALE1))

    def code1(self) -> np.ndarray:
        return encode(*self.pint1(), self.noise(1))

    def product1(self) -> np.ndarray:
        pint = self.field("multiplier") == Multiplier.PINT.value
        return (decode(self.code1()) if pint else self.rescaled1()) * self.constant(Constant.FACTOR1)

    def total(self) -> np.ndarray:
        value = {
            SourceAdd.FRONT.value: lambda: self.front()[0],
            SourceAdd.PRODUCT0.value: self.product0,
            SourceAdd.PRODUCT1.value: self.product1,
            SourceAdd.RESCALED.value: self.rescaled0,
        }[self.field("source_add")]()
        match Other(self.field("other")):
            case Other.ZERO:
                return value
            case Other.FRONT:
                return value + self.front()[0]
            case Other.WEIGHT:
                return self.stream("weight") - value
            case _:
                return (decode(self.stream("weight") & 0xFF) << 20) - value


def run_chain(chain: dict[str, int], constants: dict[Constant, int], streams: dict[str, np.ndarray]) -> Result:
    """Let a map stream through a chain.

    Parameters
    ----------
    chain : dict
        Fields of hw.spec.acore.Chain; one that is missing is 0.
    constants : dict
        Constants; SCALE only where it was set after SHIFT.
    streams : dict of array, by name
        `wide`, `code`, `side` (INT16, or its bytes), `weight` (INT16), `bits`.
    """
    run, result = _Run(chain, constants, streams), Result()
    found, largest = result.streams, {}
    if run.field("source_add"):
        y, threshold = run.total(), run.constant(Constant.COMPARE)
        passed = y >= threshold
        z = saturate(np.where(passed, y, threshold) if run.field("threshold") else y, 16 if run.field("narrow") else 48)
        largest[Accumulator.LARGEST] = np.abs(z)
        if run.field("word_o"):
            found["word_o"] = z
        if run.field("bits_o"):
            found["bits_o"] = passed.astype(np.int64)
        if run.field("code_o"):
            shift = np.array(run.constant(Constant.CONVERT))
            found["code_o"] = encode(z, shift, run.noise(2))
            result.accumulators[Accumulator.SATURATED] = int(saturated(z, shift).sum())
        if run.field("statistic") == Statistic.MAGNITUDE.value:
            result.accumulators[Accumulator.SUM0] = int(np.abs(z).sum())
    if run.field("statistic") == Statistic.MASKED.value:
        result.accumulators[Accumulator.SUM0] = int(wrap(run.front()[1].sum(), _SUM))
    if run.field("multiplicand"):
        largest[Accumulator.LARGEST0] = np.abs(run.product0())
    if run.field("sum1"):
        result.accumulators[Accumulator.SUM1] = int(wrap(run.rescaled0().sum(), _SUM))
    if run.field("sum2"):
        result.accumulators[Accumulator.SUM2] = int(wrap(run.product0().sum(), _SUM))
    match Side(run.field("side_o")):
        case Side.PINT:
            found["side_o"] = run.code1()
            result.accumulators[Accumulator.SATURATED1] = int(saturated(*run.pint1()).sum())
        case Side.RESCALED:
            found["side_o"] = run.rescaled1()
        case Side.PLACE:
            found["side_o"] = run.pooled()[1]
    for accumulator, values in largest.items():
        result.accumulators[accumulator] = int(np.bitwise_or.reduce(values, axis=None))
    return result
