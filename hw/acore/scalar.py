"""The controller of an APU: runs the scalar instructions of a microprogram on its memory."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shared import shared
from hw.spec.acore import (
    ACCUMULATOR_BITS,
    CODE_DEPTH,
    MEMORY_DEPTH,
    WORD_BITS,
    Base,
    Command,
    Instruction,
    Op,
)  # fmt: skip
from hw.spec.microcode import microcode
from hw.taxonn.scratchpad import Rom, Scratchpad

from .accumulator import FACTOR, LEAP, Accumulator, Choice
from .functions import ANSWER, Ask

__all__ = ["CommandWord", "Scalar"]

_BITS = ACCUMULATOR_BITS


class CommandWord(data.Struct):
    """A command to an APU."""

    data: signed(_BITS)
    address: unsigned(9)
    command: Command


class Scalar(wiring.Component):
    """Executes commands, and the programs that they start, in their order.

    An instruction takes 2 cycles, a jump that is taken 1 more, a multiplication 21, a right shift by s
    3 + s/8 + s mod 8, a left shift 3 - s; `blen` at most 17; `div` and `exp` wait for
    :class:`~hw.acore.functions.Functions`, `run` for the map.

    Members
    -------
    command : In(stream of CommandWord)
    result : Out(stream of signed(56))
        Memory words that commands read.
    set, number, constant : Out
        See :class:`~hw.acore.constants.Constants`.
    select : Out(3), sum : In(signed(56))
        See :class:`~hw.acore.sums.Sums`.
    launch : Out(1), active : In(1), chain : Out(5)
        A run, and the chain of the job.
    wide : In(stream of signed(48)), word : Out(stream of signed(48))
        Lane 0 of the streams, for `in` and `out`.
    ask : Out(Ask), asks : Out(1), answered : In(1), answer : In(18)

    Source: ETA, Section IV-C: "local controller".
    """

    command: In(stream.Signature(CommandWord))
    result: Out(stream.Signature(signed(_BITS)))
    set: Out(1)
    number: Out(5)
    constant: Out(WORD_BITS)
    select: Out(3)
    sum: In(signed(_BITS))
    launch: Out(1)
    active: In(1)
    chain: Out(5)
    wide: In(stream.Signature(signed(WORD_BITS)))
    word: Out(stream.Signature(signed(WORD_BITS)))
    ask: Out(Ask)
    asks: Out(1)
    answered: In(1)
    answer: In(ANSWER)

    def elaborate(self, platform):
        m = Module()
        m.submodules.code = code = Rom(words=tuple(_padded()), shape=unsigned(24))
        m.submodules.words = memory = shared("words", Scratchpad, depth=MEMORY_DEPTH, shape=signed(_BITS))
        m.submodules.accumulator = accumulator = shared("accumulator", Accumulator)
        self._a, self._choice = accumulator.a, accumulator.choice
        self._at = Signal(range(CODE_DEPTH))
        self._bases = Signal(data.ArrayLayout(range(MEMORY_DEPTH), 2), reset_less=True)
        self._multiplicand = Signal.like(accumulator.multiplicand, name="multiplicand", reset_less=True)
        self._steps = Signal(signed(8), reset_less=True)
        self._half = Signal(reset_less=True)
        self._lost = Signal(reset_less=True)
        self._length = Signal(6, reset_less=True)
        self._late = Signal(signed(_BITS))
        self._operand = Signal(signed(_BITS))
        self._below, self._executing = accumulator.below, Signal()
        instruction = data.View(Instruction, code.data)
        command = self.command.payload
        place = self._place(m, instruction, command)
        op = instruction.op
        immediate = (op == Op.LDI) | (op == Op.ADDI) | (op == Op.SHRI) | (op == Op.SHFI)
        less = (op == Op.SUB) | (op == Op.MIN) | (op == Op.MAX)
        m.d.comb += [
            self._operand.eq(Mux(immediate, instruction.value.as_signed(), memory.read_data)),
            accumulator.operand.eq(Mux(self._executing, Mux(op == Op.ACC, self.sum, self._operand), self._late)),
            accumulator.less.eq(self._executing & less),
            accumulator.width.eq(instruction.value),
            accumulator.multiplicand.eq(self._multiplicand),
            accumulator.last.eq(self._steps == 1),
            code.address.eq(self._at),
            memory.read_address.eq(place),
            memory.write_address.eq(Mux(self.command.ready, command.address, place)),
            memory.write_data.eq(Mux(self.command.ready, command.data, self._a)),
            self.result.payload.eq(memory.read_data),
            self.number.eq(Mux(self.command.ready, command.address, instruction.value)),
            self.constant.eq(Mux(self.command.ready, command.data, self._a)),
            self.select.eq(instruction.value),
            self.word.payload.eq(self._a),
            self.ask.dividend.eq(self._a),
            self.ask.divisor.eq(self._multiplicand),
        ]
        with m.FSM():
            self._commands(m, command, memory)
            with m.State("FETCH"):
                m.next = "DECODE"
            with m.State("DECODE"):
                m.d.sync += self._at.eq(self._at + 1)
                m.next = "EXECUTE"
            with m.State("EXECUTE"):
                self._execute(m, instruction, memory)
            self._serial(m)
            self._waits(m)
        return m

    def _place(self, m, instruction, command):
        """The word that an instruction, or a command in its turn, reads or writes."""
        place = Signal(range(MEMORY_DEPTH))
        base = Mux(
            instruction.base == Base.MAP, self._bases[1], Mux(instruction.base == Base.CHANNEL, self._bases[0], 0)
        )
        self._commanded, self._reading = Signal(), Signal()
        named = Mux(self._reading, self._at, instruction.value + base)
        m.d.comb += place.eq(Mux(self._commanded, command.address, named))
        return place

    def _commands(self, m, command, memory):
        """Wait for a command."""
        with m.State("IDLE"):
            m.d.comb += [self._commanded.eq(1), self.command.ready.eq(1)]
            with m.If(self.command.valid), m.Switch(command.command):
                with m.Case(Command.WRITE):
                    m.d.comb += memory.write.eq(1)
                with m.Case(Command.SET):
                    m.d.comb += self.set.eq(1)
                with m.Case(Command.START):
                    m.d.sync += [
                        self._at.eq(command.address),
                        self._bases[0].eq(command.data[:9]),
                        self._bases[1].eq(command.data[16:25]),
                        self.chain.eq(command.data[32:37]),
                    ]
                    m.next = "FETCH"
                with m.Case(Command.READ):
                    m.d.sync += self._at.eq(command.address)
                    m.next = "READ"
        with m.State("READ"):
            m.d.comb += [self._reading.eq(1), self.result.valid.eq(1)]
            with m.If(self.result.ready):
                m.next = "IDLE"

    def _execute(self, m, instruction, memory):
        """Instructions that end in this cycle, and the first cycle of the others."""
        a, op, choice = self._a, instruction.op, self._choice
        operand = self._operand
        m.d.comb += self._executing.eq(1)
        m.d.sync += [
            self._multiplicand.eq(operand),
            self._steps.eq(operand),
            self._half.eq((op == Op.SHR) | (op == Op.SHRI)),
            self._lost.eq(0),
            self._length.eq(0),
        ]
        m.next = "DECODE"
        with m.Switch(op):
            with m.Case(Op.END):
                m.next = "IDLE"
            with m.Case(Op.LD, Op.LDI, Op.ACC):
                m.d.comb += choice.eq(Choice.OPERAND)
            with m.Case(Op.ST):
                m.d.comb += memory.write.eq(1)
            with m.Case(Op.ADD, Op.ADDI, Op.SUB):
                m.d.comb += choice.eq(Choice.TOTAL)
            with m.Case(Op.MIN):
                m.d.comb += choice.eq(Mux(self._below, Choice.KEEP, Choice.OPERAND))
            with m.Case(Op.MAX):
                m.d.comb += choice.eq(Mux(self._below, Choice.OPERAND, Choice.KEEP))
            with m.Case(Op.SAT):
                m.d.comb += choice.eq(Choice.SATURATED)
            with m.Case(Op.SET):
                m.d.comb += self.set.eq(1)
            with m.Case(Op.MUL):
                m.d.sync += self._steps.eq(FACTOR)
                m.next = "FACTOR"
            with m.Case(Op.SHR, Op.SHF, Op.SHRI, Op.SHFI):
                m.next = "SHIFT"
            with m.Case(Op.BLEN):
                m.next = "LENGTH"
            with m.Case(Op.DIV, Op.EXP):
                m.d.sync += self.ask.exponential.eq(op == Op.EXP)
                m.next = "ASK"
            with m.Case(Op.RUN):
                m.d.comb += self.launch.eq(1)
                m.next = "RUN"
            with m.Case(Op.IN):
                m.next = "IN"
            with m.Case(Op.OUT):
                m.next = "OUT"
        with m.If((op == Op.JMP) | ((op == Op.JZ) & (a == 0)) | ((op == Op.JN) & a[-1])):
            m.d.sync += self._at.eq(instruction.value)
            m.next = "FETCH"

    def _serial(self, m):
        """Shifts, lengths and products, some bits a cycle."""
        a, steps, choice = self._a, self._steps, self._choice
        with m.State("SHIFT"):
            m.d.comb += self._late.eq(self._lost & self._half)
            with m.If(steps == 0):
                m.d.comb += choice.eq(Choice.TOTAL)
                m.next = "DECODE"
            with m.Elif(steps[-1]):
                m.d.comb += choice.eq(Mux(a[-1] ^ a[-2], Choice.KEEP, Choice.LEFT))
                m.d.sync += [steps.eq(steps + 1), self._lost.eq(0)]
                with m.If(a[-1] ^ a[-2]):
                    m.next = "LIMIT"
            with m.Elif(steps >= LEAP):
                m.d.comb += choice.eq(Choice.LEAP)
                m.d.sync += [self._lost.eq(a[LEAP - 1]), steps.eq(steps - LEAP)]
            with m.Else():
                m.d.comb += choice.eq(Choice.RIGHT)
                m.d.sync += [self._lost.eq(a[0]), steps.eq(steps - 1)]
        with m.State("LIMIT"):
            m.d.comb += [choice.eq(Choice.OPERAND), self._late.eq(Cat((~a[-1]).replicate(_BITS - 1), a[-1]))]
            m.next = "DECODE"
        with m.State("LENGTH"):
            m.d.sync += self._length.eq(self._length + Mux(a[LEAP:].any(), LEAP, 1))
            m.d.comb += [choice.eq(Mux(a[LEAP:].any(), Choice.LEAP, Choice.RIGHT)), self._late.eq(self._length)]
            with m.If(a == 0):
                m.d.comb += choice.eq(Choice.OPERAND)
                m.next = "DECODE"
        with m.State("FACTOR"):
            m.d.comb += [choice.eq(Choice.OPERAND), self._late.eq(a[:FACTOR])]
            m.next = "MULTIPLY"
        with m.State("MULTIPLY"):
            m.d.comb += choice.eq(Choice.PRODUCT)
            m.d.sync += steps.eq(steps - 1)
            with m.If(steps == 1):
                m.next = "DECODE"

    def _waits(self, m):
        """Instructions that wait for another unit."""
        choice = self._choice
        with m.State("ASK"):
            m.d.comb += [self.asks.eq(~self.answered), self._late.eq(self.answer)]
            with m.If(self.answered):
                m.d.comb += choice.eq(Choice.OPERAND)
                m.next = "DECODE"
        with m.State("RUN"), m.If(~self.active):
            m.next = "DECODE"
        with m.State("IN"):
            m.d.comb += [self.wide.ready.eq(1), self._late.eq(self.wide.payload)]
            with m.If(self.wide.valid):
                m.d.comb += choice.eq(Choice.OPERAND)
                m.next = "DECODE"
        with m.State("OUT"):
            m.d.comb += self.word.valid.eq(1)
            with m.If(self.word.ready):
                m.next = "DECODE"


def _padded():
    words = microcode().code
    return [*words, *[0] * (CODE_DEPTH - len(words))]
