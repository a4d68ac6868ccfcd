"""What benches of streams share: clock and reset, and a driver of one cycle at a time with random stalls."""

import random

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.pint import PintFormat
from sim.rtl.parameters import PARAMETERS, SEED

__all__ = ["Stream", "generator", "pint_format", "start"]

#: Cycles without an output after which a bench gives up.
_PATIENCE = 2000


def pint_format() -> PintFormat:
    """Return the format under test, its parameter `pint`, [k, d]."""
    k, d = PARAMETERS.get("pint", (8, 3))
    return PintFormat(k=k, d=d)


def generator() -> random.Random:
    """Return a random generator with the seed of this run."""
    return random.Random(str(SEED))


async def start(dut, **inputs):
    """Start the clock, give the inputs their first values, and reset for two cycles."""
    Clock(dut.clk, 2, unit="ns").start()
    dut.rst.value = 1
    for name, value in inputs.items():
        getattr(dut, name).value = value
    for _ in range(2):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


class Stream:
    """Drives `i` and `o` of a unit and holds it to the rules: an output waits, unchanged, until it is taken.

    Parameters
    ----------
    dut
        The unit, with ports i__valid, i__ready, i__payload and the same of o.
    rng : random.Random
        Source of the stalls.
    idle, stall : float
        Shares of the cycles without an input, and without a ready output.
    """

    def __init__(self, dut, rng, *, idle: float = 0.0, stall: float = 0.0):
        self._dut, self._rng = dut, rng
        self.idle, self.stall = idle, stall
        self._waiting = None

    async def cycle(self, word: int | None, **inputs: int) -> tuple[bool, int | None]:
        """Offer `word` for one cycle, and set other inputs; return (accepted, output taken or None)."""
        dut = self._dut
        await FallingEdge(dut.clk)
        dut.i__valid.value = int(word is not None)
        if word is not None:
            dut.i__payload.value = word
        for name, value in inputs.items():
            getattr(dut, name).value = value
        ready = self._rng.random() >= self.stall
        dut.o__ready.value = int(ready)
        await ReadOnly()
        output = int(dut.o__payload.value) if int(dut.o__valid.value) else None
        assert self._waiting in (None, output), f"waiting output {self._waiting} became {output}"
        self._waiting = None if ready else output
        return word is not None and bool(int(dut.i__ready.value)), output if ready else None

    async def run(self, words) -> list[int]:
        """Send all words and return as many outputs."""
        outputs, sent, patience = [], 0, _PATIENCE
        while len(outputs) < len(words):
            offered = sent < len(words) and self._rng.random() >= self.idle
            accepted, output = await self.cycle(words[sent] if offered else None)
            sent += accepted
            patience = patience - 1 if output is None else _PATIENCE
            assert patience, f"no output after {sent} inputs and {len(outputs)} outputs"
            if output is not None:
                outputs.append(output)
        return outputs
