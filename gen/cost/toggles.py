"""Toggles of a TaxoNN PE in simulation: how often the bits of its registers and nets change."""

import random
import re
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path

from amaranth.hdl import UnusedElaboratable
from amaranth.sim import Simulator

from hw.arch.taxonn.config import NOISE_BITS
from hw.arch.taxonn.order import Op
from hw.taxonn.pe import Pe

__all__ = ["count_toggles"]

#: Samples of a count, and the seed of weights, inputs and G.
_SAMPLES, _SEED = 8, 1
#: Femtoseconds, the unit of the trace.
_PERIOD = 10**9


def count_toggles(inputs: int, train: bool, **parameters) -> float:
    """Return toggled bits a cycle of a PE at work, its scratchpad and clock left out.

    Inputs are uniform from 0 to 1, weights normal with deviation sqrt(2 / inputs), G with 0.1, -alpha 0.1. RTL
    signals are counted, each once, the inside of the multiplier is not; there are no glitches.

    Parameters
    ----------
    inputs : int
    train : bool
        Whether each sample is followed by its backward pass and its update.
    parameters
        The others of :class:`hw.taxonn.pe.Pe`.
    """
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore", UnusedElaboratable)
        pe, trace = Pe(inputs=inputs, **parameters), Path(folder, "pe.vcd")
        work = _Work(pe, inputs, parameters["form"], train)
        simulator = Simulator(pe)
        simulator.add_clock(_PERIOD * 1e-15)
        simulator.add_testbench(work.run)
        with simulator.write_vcd(str(trace)):
            simulator.run()
        return _changes(trace.read_text(), work.begin) / (work.cycle - work.begin)


class _Work:
    """A testbench: weights, then samples; counts its cycles, and knows when the samples begin."""

    def __init__(self, pe, inputs: int, form, train: bool):
        self._pe, self._inputs, self._form, self._train = pe, inputs, form, train
        self._rng, self.cycle, self.begin = random.Random(_SEED), 0, 0

    def _code(self, value: float) -> int:
        return max(self._form.low, min(self._form.high, round(value * self._form.one)))

    async def _order(self, ctx, op, column=0, x=0, last=0):
        pe = self._pe
        ctx.set(pe.op, op)
        ctx.set(pe.word, {"column": column, "x": x, "first": column == 0, "last": last})
        if hasattr(pe, "noise"):
            ctx.set(pe.noise, self._rng.getrandbits(NOISE_BITS))
        await ctx.tick()
        self.cycle += 1

    async def run(self, ctx):
        """Work through all samples."""
        pe, rng, columns = self._pe, self._rng, range(self._inputs + 1)
        ctx.set(pe.select, 1)
        for column in columns:
            await self._order(ctx, Op.WRITE, column, self._code(rng.gauss(0, (2 / self._inputs) ** 0.5)))
        await self._order(ctx, Op.NONE)
        self.begin = self.cycle
        for _ in range(_SAMPLES):
            x = [self._code(rng.random()) for _ in columns]
            for column in columns:
                await self._order(ctx, Op.MULTIPLY, column, x[column], column == self._inputs)
            if self._train:
                ctx.set(pe.gradient, self._code(rng.gauss(0, 0.1)))
                await self._order(ctx, Op.LOAD)
                for column in columns[:-1]:
                    ctx.set(pe.acc_i, self._code(rng.gauss(0, 0.1)) << self._form.fraction)
                    await self._order(ctx, Op.BACK, column)
                for column in columns:
                    await self._order(ctx, Op.UPDATE, max(column - 1, 0), round(-0.1 * 8 * x[column]))
                await self._order(ctx, Op.NONE, self._inputs)


def _changes(text: str, begin: int) -> int:
    """Count the bits that change in a trace from cycle `begin` on.

    Left out are clock, reset, the scratchpad, fields of words, and signals that always have the value of another.
    """
    header, body = text.split("$enddefinitions $end", 1)
    scopes, histories = [], {}
    for line in header.splitlines():
        if match := re.match(r"\$scope \S+ (\S+) \$end", line):
            scopes.append(match[1])
        elif line.startswith("$upscope"):
            scopes.pop()
        elif scopes and scopes[-1] == "top" and (match := re.match(r"\$var wire \d+ (\S+) (\S+) \$end", line)):
            histories |= {match[1]: []} if match[2] not in ("clk", "rst") and "." not in match[2] else {}
    time = 0
    for line in body.splitlines():
        if line.startswith("#"):
            time = int(line[1:])
        elif match := re.fullmatch(r"b([01]+) (\S+)|([01])(\S+)", line):
            histories.get(match[2] or match[4], []).append((time, int(match[1] or match[3], 2)))
    return sum(
        (value ^ before).bit_count()
        for history in {tuple(history) for history in histories.values()}
        for (_, before), (time, value) in pairwise(history)
        if time >= begin * _PERIOD
    )
