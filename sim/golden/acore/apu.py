"""Golden interpreter of the APU's microprograms, on integers."""

from collections.abc import Callable

import numpy as np

from gen.compiler.acore.jobs import Job
from hw.arch.acore.constants import Constant
from hw.arch.acore.microcode import RECORDS, address, microcode
from hw.arch.acore.scalar import Accumulator, Base, Instruction, Op
from hw.arch.acore.sizes import ACCUMULATOR_BITS, MEMORY_DEPTH
from sim.golden.step.loss import EXPONENTIALS

from .chain import Result, run_chain

__all__ = ["Apu", "constant_value"]


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def _clamp(value: int, bits: int) -> int:
    return max(-(1 << bits - 1), min(value, (1 << bits - 1) - 1))


def constant_value(constant: Constant, value: int) -> int:
    """What a constant keeps of a value."""
    shape = constant.stands_for
    return _signed(value, shape.width) if shape.signed else value & (1 << shape.width) - 1


class Apu:
    """An APU: memory, constants, and the programs on them.

    Attributes
    ----------
    memory : list of int
        Signed words of 56 bits.
    constants : dict of Constant to int
    """

    def __init__(self):
        self.memory = [0] * MEMORY_DEPTH
        self.constants: dict[Constant, int] = {Constant.GROUP: 1, Constant.STRIDE: 1}
        self._code = [Instruction.from_bits(word) for word in microcode().code]

    def word(self, name: str, channel: int = RECORDS, map_: int = RECORDS) -> int:
        """Address of a word in memory; the records begin where told."""
        base, offset = address(name)
        return offset + {Base.ABSOLUTE: 0, Base.CHANNEL: channel, Base.MAP: map_}[base]

    def set(self, constant: Constant, value: int) -> None:
        """Set a constant; of the shift and the scale, the last counts."""
        self.constants[constant] = constant_value(constant, value)
        if constant in (Constant.SHIFT, Constant.SCALE):
            self.constants.pop(Constant.SCALE if constant is Constant.SHIFT else Constant.SHIFT, None)

    def run(self, job: Job, channel: int = RECORDS, map_: int = RECORDS + 16) -> dict[str, np.ndarray]:
        """Set a job's words and constants, run it, and return its output streams."""
        for name, value in job.words.items():
            self.memory[self.word(name, channel, map_)] = int(value)
        for constant, value in job.constants.items():
            self.set(constant, int(value))
        return self.start(job.name, channel, map_, job.streams)

    def start(self, job: str, channel: int, map_: int, streams: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run a job to its end and return its output streams."""
        code = microcode()
        program, chain = code.jobs[job]
        run = _Job(self, {Base.ABSOLUTE: 0, Base.CHANNEL: channel, Base.MAP: map_}, code.chains.get(chain, {}), streams)
        at: int | None = code.programs[program]
        while at is not None:
            at = run.step(self._code[at], at)
        return run.outputs()


class _Job:
    """A job under way."""

    def __init__(self, apu: Apu, bases: dict[Base, int], chain: dict[str, int], streams: dict[str, np.ndarray]):
        self._apu, self._bases, self._chain, self._streams = apu, bases, chain, streams
        self._a = 0
        self._result = Result()
        self._popped, self._pushed = 0, []

    def outputs(self) -> dict[str, np.ndarray]:
        found = dict(self._result.streams)
        if self._pushed:
            found["result"] = np.array(self._pushed)
        return found

    def step(self, instruction, at: int) -> int | None:
        """Execute an instruction; return the address of the next."""
        op, value = Op(instruction.op), _signed(instruction.value, 17)
        place = (self._bases[Base(instruction.base)] + instruction.value) % MEMORY_DEPTH
        if op in (Op.JZ, Op.JN, Op.JMP):
            taken = op is Op.JMP or (op is Op.JZ and self._a == 0) or (op is Op.JN and self._a < 0)
            return instruction.value if taken else at + 1
        if op is Op.END:
            return None
        if op is Op.ST:
            self._apu.memory[place] = self._a
        elif op is Op.SET:
            self._apu.set(Constant(instruction.value), self._a)
        elif op is Op.RUN:
            self._result = run_chain(self._chain, self._apu.constants, self._streams)
        elif op is Op.OUT:
            self._pushed.append(self._apu.memory[place])
        else:
            self._a = _signed(self._arithmetic(op, value, self._apu.memory[place]), ACCUMULATOR_BITS)
        return at + 1

    def _arithmetic(self, op: Op, value: int, word: int) -> int:
        a = self._a
        operations: dict[Op, Callable[[], int]] = {
            Op.LD: lambda: word,
            Op.ADD: lambda: a + word,
            Op.SUB: lambda: a - word,
            Op.MIN: lambda: min(a, word),
            Op.MAX: lambda: max(a, word),
            Op.MUL: lambda: _signed(a, 18) * _signed(word, 36),
            Op.DIV: lambda: a // word,
            Op.SHR: lambda: _shift(a, _signed(word, 8), True),
            Op.SHF: lambda: _shift(a, _signed(word, 8), False),
            Op.LDI: lambda: value,
            Op.ADDI: lambda: a + value,
            Op.SHRI: lambda: _shift(a, _signed(value, 8), True),
            Op.SHFI: lambda: _shift(a, _signed(value, 8), False),
            Op.SAT: lambda: _clamp(a, value),
            Op.BLEN: lambda: a.bit_length(),
            Op.EXP: lambda: int(EXPONENTIALS[a & 1023]),
            Op.ACC: lambda: self._result.accumulators.get(Accumulator(value), 0),
            Op.IN: self._pop,
        }
        return operations[op]()

    def _pop(self) -> int:
        self._popped += 1
        return int(np.asarray(self._streams["wide"]).ravel()[self._popped - 1])


def _shift(a: int, s: int, half: bool) -> int:
    """a / 2^s, rounded half up or down; saturated where s < 0."""
    if s <= 0:
        return _clamp(a << -s, ACCUMULATOR_BITS)
    return ((a >> s - 1) + half) >> 1
