"""Random programs for the controller of an APU, and what the golden interpreter makes of them."""

import random
from dataclasses import dataclass, field

import numpy as np

from hw.arch.acore.constants import Constant
from hw.arch.acore.scalar import SATURATIONS, Accumulator, Base, Instruction, Op
from hw.arch.acore.sizes import ACCUMULATOR_BITS, CODE_DEPTH, MEMORY_DEPTH
from sim.golden.acore import apu
from sim.golden.acore.chain import Result

__all__ = ["KEPT", "PROGRAMS", "Expected", "random_code", "random_word", "random_memory", "run_program"]

#: Programs of a code, and the words of each.
PROGRAMS, _LENGTH = 5, 100
#: Words that programs keep: a zero, pairs of a dividend and a divisor.
ZERO, _PAIRS, KEPT = 16, range(18, 32, 2), range(16, 32)
_OFFSETS = 16
_PLAIN = (Op.LD, Op.ST, Op.ADD, Op.SUB, Op.MIN, Op.MAX, Op.MUL, Op.SHR, Op.SHF, Op.OUT)
_JUMPS = (Op.JZ, Op.JN, Op.JMP)


def _instruction(op: Op, value: int = 0, base: Base = Base.ABSOLUTE) -> int:
    return Instruction.encode({"op": op, "base": base, "value": value & (1 << 17) - 1})


def _group(rng: random.Random) -> list[int]:
    """Instructions that belong together."""
    op = rng.choice([op for op in Op if op is not Op.END])
    if op in _PLAIN:
        base = rng.choice(list(Base))
        address = rng.choice([n for n in range(MEMORY_DEPTH) if n not in KEPT])
        return [_instruction(op, address if base is Base.ABSOLUTE else rng.randrange(_OFFSETS), base)]
    if op is Op.DIV:
        pair = rng.choice(_PAIRS)
        return [_instruction(Op.LD, pair), _instruction(op, pair + 1)]
    if op is Op.BLEN:
        load = _instruction(Op.LD, rng.randrange(_OFFSETS), rng.choice((Base.CHANNEL, Base.MAP)))
        return [load, _instruction(Op.SHFI, rng.randrange(30)), _instruction(Op.MAX, ZERO), _instruction(op)]
    values = {
        Op.SAT: lambda: rng.choice(SATURATIONS),
        Op.SET: lambda: rng.choice(list(Constant)),
        Op.ACC: lambda: rng.choice(list(Accumulator)),
    }
    if op in (Op.SHRI, Op.SHFI):
        return [_instruction(op, rng.choice([rng.randrange(-128, 128), rng.randrange(-8, 24)]))]
    if op in (Op.LDI, Op.ADDI):
        return [_instruction(op, rng.choice([rng.randrange(-(1 << 16), 1 << 16), rng.randrange(-2, 3), -(1 << 16)]))]
    return [_instruction(op, values[op]() if op in values else 0)]


def random_code(seed: int) -> list[int]:
    """Programs of all operations, program n at n * 100; jumps lead forward, to no part of a group."""
    rng, code = random.Random(seed), []
    for first in range(0, PROGRAMS * _LENGTH, _LENGTH):
        words, starts = [_instruction(Op.LD, rng.randrange(_OFFSETS))], []
        while len(words) < _LENGTH - 3:
            starts.append(len(words))
            words += _group(rng)
        words += [_instruction(Op.END)] * (_LENGTH - len(words))
        for at, word in enumerate(words):
            op = Instruction.from_bits(word).op
            if op in _JUMPS:
                later = [start for start in starts if at < start <= at + 4] or [_LENGTH - 1]
                words[at] = _instruction(op, first + rng.choice(later))
        code += words
    return code + [_instruction(Op.JMP, 1)] * (CODE_DEPTH - len(code))


def _any(rng: random.Random, bits: int) -> int:
    """A signed number of any size, sometimes at an end or small."""
    ends = (-(1 << bits - 1), (1 << bits - 1) - 1, 0, -1, 1)
    if rng.random() < 0.2:
        return rng.choice(ends)
    size = rng.randrange(1, bits + 1)
    near = rng.choice((0, 0, 1)) * rng.choice((-1, 1)) << size - 1  # at a power of two, where limits are
    return (near + rng.randrange(-2, 3)) if near and size < bits else rng.randrange(-(1 << size - 1), 1 << size - 1)


def random_word(rng: random.Random) -> int:
    """A word of any size."""
    return _any(rng, ACCUMULATOR_BITS)


def random_memory(rng: random.Random) -> list[int]:
    """Words of all sizes, and those that programs keep."""
    memory = [random_word(rng) for _ in range(MEMORY_DEPTH)]
    memory[ZERO] = 0
    for pair in _PAIRS:
        divisor = rng.choice([rng.randrange(1, 1 << rng.randrange(1, 29)), (1 << 28) - 1])
        memory[pair + 1] = divisor
        memory[pair] = rng.choice([rng.randrange(divisor << 18), (divisor << 18) - 1, divisor * rng.randrange(1 << 18)])
    return memory


@dataclass
class Expected:
    """What programs take and give, in the order of each stream."""

    wide: list[int] = field(default_factory=list)
    results: list[int] = field(default_factory=list)
    set: list[tuple[int, int]] = field(default_factory=list)
    runs: list[tuple[int, dict[Accumulator, int]]] = field(default_factory=list)  # chain, accumulators after it
    asks: list[tuple[bool, int, int, int]] = field(default_factory=list)  # exponential, dividend, divisor, answer


class _Job(apu._Job):
    """A job whose runs give random sums."""

    def __init__(self, machine, bases, rng: random.Random, chain: int, expected: Expected):
        wide = [_any(rng, 48) for _ in range(_LENGTH)]
        super().__init__(machine, bases, {}, {"wide": np.array(wide)})
        self.rng, self.number, self.expected = rng, chain, expected
        self._result = Result(accumulators=dict(expected.runs[-1][1]) if expected.runs else {})

    def step(self, instruction, at):
        """Execute an instruction, and note what it takes and gives."""
        op, a, expected = Op(instruction.op), self._a, self.expected
        if op is Op.RUN:
            self._result = Result(accumulators={each: _any(self.rng, ACCUMULATOR_BITS) for each in Accumulator})
            expected.runs.append((self.number, self._result.accumulators))
            return at + 1
        after = super().step(instruction, at)
        if op is Op.SET:
            expected.set.append((instruction.value, a & (1 << 48) - 1))
        elif op is Op.IN:
            expected.wide.append(self._a)
        elif op is Op.OUT:
            expected.results.append(self._pushed[-1])
        elif op in (Op.DIV, Op.EXP):
            word = self._apu.memory[instruction.value % MEMORY_DEPTH]
            expected.asks.append((op is Op.EXP, a, word, self._a))
        return after


def run_program(machine: apu.Apu, code: list[int], start: tuple[int, int, int, int], rng, expected: Expected) -> None:
    """Run the program at an address on these records, with this chain, to its end."""
    at, channel, map_, chain = start
    job = _Job(machine, {Base.ABSOLUTE: 0, Base.CHANNEL: channel, Base.MAP: map_}, rng, chain, expected)
    while at is not None:
        at = job.step(Instruction.from_bits(code[at]), at)
