"""Bench of division and exponential: questions of all APUs at random times, against integers.

`apus` is their number.
"""

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from sim.golden.step.loss import EXPONENTIALS
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

APUS = PARAMETERS["apus"]
QUESTIONS = 60
DIVIDEND, DIVISOR, QUOTIENT = 46, 28, 18
#: Cycles from `answers` to the first bit of a quotient, of an exponential.
DIVISION, EXPONENTIAL = 3, 4
#: While anyone asks, an answer begins at most so many cycles after the one before, and the turn of each APU.
PATIENCE = QUOTIENT + EXPONENTIAL - 1


def question(rng) -> tuple[int, int, int]:
    """Whether it is an exponential, dividend and divisor."""
    if rng.random() < 0.3:
        return 1, rng.choice([rng.getrandbits(DIVIDEND), rng.choice([0, 1, 1023, 1024])]), rng.getrandbits(DIVISOR)
    divisor = rng.choice([rng.randrange(1, 1 << rng.randrange(1, DIVISOR + 1)), (1 << DIVISOR) - 1, 1])
    quotient = rng.choice([rng.randrange(1 << QUOTIENT), (1 << QUOTIENT) - 1, 0])
    return 0, divisor * quotient + rng.choice([rng.randrange(divisor), divisor - 1, 0]), divisor


def answer(exponential: int, dividend: int, divisor: int) -> int:
    return int(EXPONENTIALS[dividend & 1023]) if exponential else dividend // divisor


@cocotb.test()
async def questions(dut):
    """Each APU gets the bits of its answer, and no other an answer."""
    await start(dut, asks=0, ask=0)
    rng = generator()
    left: list[int] = [QUESTIONS] * APUS
    waiting: list[Any] = [None] * APUS
    asking, since = -1, 0  # whose question is answered; cycles since it was taken
    bits, width = [], 1 + DIVIDEND + DIVISOR
    quiet = 0
    while any(left) or asking >= 0:
        await FallingEdge(dut.clk)
        for n in range(APUS):
            if waiting[n] is None and left[n] and n != asking and rng.random() < 0.1:
                waiting[n], left[n] = question(rng), left[n] - 1
        dut.asks.value = sum((each is not None) << n for n, each in enumerate(waiting))
        shown = asking >= 0 and since == 0
        if shown:
            asked, waiting[asking] = waiting[asking], None
            dut.asks.value = sum((each is not None) << n for n, each in enumerate(waiting))
            exponential, dividend, divisor = asked
            dut.ask.value = (exponential | dividend << 1 | divisor << 1 + DIVIDEND) << asking * width
        else:
            dut.ask.value = 0
        await ReadOnly()
        if asking >= 0:
            since += 1
            bits.append(int(dut.answer.value))
        found, quiet = int(dut.answers.value), quiet + 1
        if found:
            assert asking < 0 or len(bits) >= QUOTIENT + EXPONENTIAL - 1, "an answer is broken off"
            taken = found.bit_length() - 1
            assert found == 1 << taken, "two APUs are answered"
            assert waiting[taken] is not None, f"APU {taken} has not asked"
        if asking >= 0 and (found or len(bits) == QUOTIENT + EXPONENTIAL):
            first = (EXPONENTIAL if asked[0] else DIVISION) - 1
            given = sum(bit << QUOTIENT - 1 - n for n, bit in enumerate(bits[first : first + QUOTIENT]))
            assert given == answer(*asked), f"{asked}: {given}, not {answer(*asked)}"
            assert not any(bits[:first]), "a bit before the first"
            asking = -1
        if found:
            asking, since, bits, quiet = taken, 0, [], 0
        quiet *= any(waiting)
        assert quiet < PATIENCE + APUS, "nobody is answered"
