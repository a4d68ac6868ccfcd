"""The controller of an APU: runs the scalar instructions of a microprogram on its memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.shared import shared
from hw.spec.acore import (
    ACCUMULATOR_BITS,
    CODE_DEPTH,
    MEMORY_DEPTH,
    SATURATIONS,
    WORD_BITS,
    Base,
    Command,
    Instruction,
    Op,
)  # fmt: skip
from hw.spec.microcode import microcode
from hw.taxonn.scratchpad import Rom, Scratchpad

from .functions import ANSWER, Ask

__all__ = ["CommandWord", "Scalar"]

_BITS = ACCUMULATOR_BITS
#: Bits of the factor in the accumulator, and so steps of a multiplication.
_FACTOR = 18
#: A right shift goes by this many bits while it can.
_LEAP = 8


class CommandWord(data.Struct):
    """A command to an APU."""

    data: signed(_BITS)
    address: unsigned(9)
    command: Command


class Scalar(wiring.Component):
    """Executes commands, and the programs that they start, in their order.

    An instruction takes 2 cycles, a jump that is taken 1 more, a multiplication 20, a right shift by s
    3 + s/8 + s mod 8, a left shift 3 + s; `blen` at most 17; `div` and `exp` wait for
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
        m.submodules.code = code = shared("code", Rom, words=tuple(_padded()), shape=unsigned(24))
        m.submodules.memory = memory = shared("memory", Scratchpad, depth=MEMORY_DEPTH, shape=signed(_BITS))
        self._a = Signal(signed(_BITS), reset_less=True)
        self._at = Signal(range(CODE_DEPTH))
        self._bases = Signal(data.ArrayLayout(range(MEMORY_DEPTH), 2), reset_less=True)
        self._operand = Signal(signed(_BITS), reset_less=True)
        self._steps = Signal(signed(8), reset_less=True)
        self._half = Signal(reset_less=True)
        self._lost = Signal(reset_less=True)
        self._length = Signal(6, reset_less=True)
        instruction = data.View(Instruction, code.data)
        command = self.command.payload
        place = self._place(m, instruction, command)
        m.d.comb += [
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
            self.ask.divisor.eq(self._operand),
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
        a, value = self._a, instruction.value.as_signed()
        op, word = instruction.op, memory.read_data
        immediate = (op == Op.LDI) | (op == Op.ADDI) | (op == Op.SHRI) | (op == Op.SHFI)
        operand, difference = Signal(signed(_BITS)), Signal(signed(_BITS + 1))
        m.d.comb += [operand.eq(Mux(immediate, value, word)), difference.eq(a - operand)]
        m.d.sync += [
            self._operand.eq(operand),
            self._steps.eq(operand),
            self._half.eq((op == Op.SHR) | (op == Op.SHRI)),
            self._lost.eq(0),
            self._length.eq(0),
        ]
        m.next = "DECODE"
        with m.Switch(op):
            with m.Case(Op.END):
                m.next = "IDLE"
            with m.Case(Op.LD, Op.LDI):
                m.d.sync += a.eq(operand)
            with m.Case(Op.ST):
                m.d.comb += memory.write.eq(1)
            with m.Case(Op.ADD, Op.ADDI):
                m.d.sync += a.eq(a + operand)
            with m.Case(Op.SUB):
                m.d.sync += a.eq(difference)
            with m.Case(Op.MIN):
                m.d.sync += a.eq(Mux(difference[-1], a, operand))
            with m.Case(Op.MAX):
                m.d.sync += a.eq(Mux(difference[-1], operand, a))
            with m.Case(Op.SAT):
                m.d.sync += a.eq(self._saturated(value))
            with m.Case(Op.SET):
                m.d.comb += self.set.eq(1)
            with m.Case(Op.ACC):
                m.d.sync += a.eq(self.sum)
            with m.Case(Op.MUL):
                m.d.sync += [a.eq(a[:_FACTOR]), self._steps.eq(_FACTOR)]
                m.next = "MULTIPLY"
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

    def _saturated(self, width):
        """The accumulator, saturated to a width of the list."""
        a, sign = self._a, self._a[-1]
        above = [width <= SATURATIONS[0], *(width <= bits for bits in SATURATIONS[1:])]
        bounds = [bits - 1 for bits in SATURATIONS] + [_BITS - 1]
        # above[n]: bits from SATURATIONS[n] - 1 on are sign.
        wrong = Const(0, 1)
        limit = [(~sign).replicate(bounds[0])]
        for n, one in enumerate(above):
            part = a[bounds[n] : bounds[n + 1]]
            wrong = wrong | (one & (part ^ sign.replicate(len(part))).any())
            limit.append((sign ^ ~one).replicate(len(part)))
        return Mux(wrong, Cat(limit, sign), a)

    def _serial(self, m):
        """Shifts, lengths and products, some bits a cycle."""
        a, steps = self._a, self._steps
        with m.State("SHIFT"):
            with m.If(steps == 0):
                m.d.sync += a.eq(a + (self._half & self._lost))
                m.next = "DECODE"
            with m.Elif(steps[-1]):
                m.d.sync += [a.eq(a << 1), steps.eq(steps + 1), self._lost.eq(0)]
                with m.If(a[-1] ^ a[-2]):
                    m.d.sync += [a.eq(Cat((~a[-1]).replicate(_BITS - 1), a[-1])), steps.eq(0)]
            with m.Elif(steps >= _LEAP):
                m.d.sync += [a.eq(a >> _LEAP), self._lost.eq(a[_LEAP - 1]), steps.eq(steps - _LEAP)]
            with m.Else():
                m.d.sync += [a.eq(a >> 1), self._lost.eq(a[0]), steps.eq(steps - 1)]
        with m.State("LENGTH"):
            with m.If(a == 0):
                m.d.sync += a.eq(self._length)
                m.next = "DECODE"
            with m.Elif(a[_LEAP:].any()):
                m.d.sync += [a.eq(a >> _LEAP), self._length.eq(self._length + _LEAP)]
            with m.Else():
                m.d.sync += [a.eq(a >> 1), self._length.eq(self._length + 1)]
        with m.State("MULTIPLY"):
            last = steps == 1
            width = _BITS - _FACTOR
            term = Mux(a[0], self._operand[:width] ^ last.replicate(width), 0).as_signed()
            upper = Signal(signed(width + 1))
            m.d.comb += upper.eq(a[_FACTOR:].as_signed() + term + (a[0] & last))
            m.d.sync += [a.eq(Cat(a[1:_FACTOR], upper)), steps.eq(steps - 1)]
            with m.If(last):
                m.next = "DECODE"

    def _waits(self, m):
        """Instructions that wait for another unit."""
        a = self._a
        with m.State("ASK"):
            m.d.comb += self.asks.eq(~self.answered)
            with m.If(self.answered):
                m.d.sync += a.eq(self.answer)
                m.next = "DECODE"
        with m.State("RUN"), m.If(~self.active):
            m.next = "DECODE"
        with m.State("IN"):
            m.d.comb += self.wide.ready.eq(1)
            with m.If(self.wide.valid):
                m.d.sync += a.eq(self.wide.payload)
                m.next = "DECODE"
        with m.State("OUT"):
            m.d.comb += self.word.valid.eq(1)
            with m.If(self.word.ready):
                m.next = "DECODE"


def _padded():
    words = microcode().code
    return [*words, *[0] * (CODE_DEPTH - len(words))]
