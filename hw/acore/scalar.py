"""The controller of an APU: runs the scalar instructions of a microprogram on its memory."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.chain import Chain
from hw.arch.acore.commands import Command, CommandWord, Start
from hw.arch.acore.microcode import microcode
from hw.arch.acore.scalar import Base
from hw.arch.acore.sizes import ACCUMULATOR_BITS, CODE_DEPTH, MEMORY_DEPTH, WORD_BITS
from hw.lib.memory.scratchpad import Rom, Scratchpad
from hw.lib.shared import shared

from .accumulator import Accumulator, Choice
from .decode import ADDRESS, BOUNDS, LEAP, STEPS, Decoded, Kind, Variant, decoded
from .functions import ANSWER, Ask

__all__ = ["Scalar"]

_BITS = ACCUMULATOR_BITS


class Scalar(wiring.Component):
    """Executes commands, and the programs that they start, in their order.

    A command takes 1 cycle, to read 3. An instruction takes 2 cycles, `end` 1; 3 where `min`, `max` and `sat` change A,
    and for `acc` of sums 1 and 2 and the largest; a multiplication 20, a right shift by s 2 + s/8 + s mod 8 and 1 more
    where 8 divides s, a left shift 2 - s; `blen` at most 11; `div` and `exp` wait for
    :class:`~hw.acore.functions.Functions`, `run` for the map.

    Parameters
    ----------
    code : tuple of int, optional
        The program memory, words of :class:`~hw.arch.acore.scalar.Instruction`; by default the microprograms.

    Members
    -------
    command : In(stream of CommandWord)
    result : Out(stream of signed(56))
        Memory words that commands read and programs send.
    set, number, constant : Out
        See :class:`~hw.acore.constants.Constants`.
    select : Out(3), sum : In(signed(56))
        See :class:`~hw.acore.sums.Sums`.
    launch : Out(1), active : In(1), chain : Out(Chain)
        A run, and the chain of the job.
    wide : In(stream of signed(48))
        Lane 0 of the stream, for `in`.
    ask : Out(Ask), asks : Out(1), answered : In(1), answer : In(1)
        See :class:`~hw.acore.functions.Functions`.

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
    chain: Out(Chain)
    wide: In(stream.Signature(signed(WORD_BITS)))
    ask: Out(Ask)
    asks: Out(1)
    answered: In(1)
    answer: In(ANSWER)

    def __init__(self, *, code: tuple[int, ...] | None = None):
        self._code = tuple(microcode().code) if code is None else code
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.code = code = Rom(words=decoded(self._code), shape=unsigned(Decoded.as_shape().size))
        m.submodules.words = memory = shared("words", Scratchpad, depth=MEMORY_DEPTH, shape=signed(_BITS))
        m.submodules.accumulator = self._accumulator = accumulator = shared("accumulator", Accumulator)
        self._memory, self._instruction = memory, data.View(Decoded, code.data)
        instruction = self._instruction
        self._command, self._a = self.command.payload, accumulator.a
        self._steps = Signal(signed(STEPS))
        self._replaces, self._overflows = Signal(), Signal()
        self._go, self._jumps = Signal(), Signal()  # to the next instruction; to another
        with m.FSM() as fsm:
            self._idle, self._decoding, self._executing, self._looping, self._again = (
                fsm.ongoing(name) for name in ("IDLE", "DECODE", "EXECUTE", "LOOP", "AGAIN")
            )
            self._states(m)
        code_address = self._places(m, code)
        m.d.comb += [
            code.address.eq(code_address),
            memory.write_data.eq(self._a),
            self.result.payload.eq(memory.read_data),
            self.constant.eq(self._a),
            self.select.eq(Mux(self._decoding, instruction.value[:3], 0)),
        ]
        # A question is shown once it is taken, so that those of all APUs can be ORed.
        m.d.sync += self.ask.eq(0)
        with m.If(self.asks & self.answered):
            m.d.sync += [
                self.ask.dividend.eq(self._a),
                self.ask.divisor.eq(memory.read_data),
                self.ask.exponential.eq(instruction.variant == Variant.EXPONENTIAL),
            ]
        self._operand(m)
        self._next(m)
        self._counts(m)
        return m

    def _places(self, m, code):
        """The word that an instruction or a command reads or writes, and the next instruction."""
        command, instruction = self._command, self._instruction
        at, next_at = Signal(range(CODE_DEPTH), reset_less=True), Signal(range(CODE_DEPTH))
        bases = Signal(data.ArrayLayout(range(MEMORY_DEPTH), 2), reset_less=True)
        following = Signal.like(at)
        base, place = Signal(range(MEMORY_DEPTH)), Signal(range(MEMORY_DEPTH))
        with m.Switch(instruction.base):
            with m.Case(Base.CHANNEL):
                m.d.comb += base.eq(bases[0])
            with m.Case(Base.MAP):
                m.d.comb += base.eq(bases[1])
        running = self._decoding | self._executing | self._looping | self._again
        m.d.comb += [
            place.eq(Mux(running, (instruction.value[:ADDRESS] + base)[:ADDRESS], at)),
            next_at.eq(Mux(self._idle, command.address, Mux(self._jumps, instruction.value[:ADDRESS], following))),
            following.eq(at + self._go),
            self._memory.read_address.eq(place),
            self._memory.write_address.eq(place),
            self.number.eq(place),
        ]
        m.d.sync += [
            at.eq(next_at),
            self._memory.write.eq(
                (self._idle & self.command.valid & (command.command == Command.WRITE))
                | (self._decoding & (instruction.kind == Kind.STORE))
            ),
            self.set.eq(
                (self._idle & self.command.valid & (command.command == Command.SET))
                | (self._decoding & (instruction.kind == Kind.SET))
            ),
        ]
        with m.If(self._idle & self.command.valid & (command.command == Command.START)):
            start = data.View(Start, command.data[: Start.size])
            m.d.sync += [bases[0].eq(start.channel), bases[1].eq(start.map_), self.chain.eq(start.chain)]
        return next_at

    def _states(self, m):
        """What a command or an instruction waits for."""
        command, kind = self._command, self._instruction.kind
        few = self._few = Signal()
        with m.State("IDLE"):
            m.d.comb += self.command.ready.eq(1)
            with m.If(self.command.valid & (command.command == Command.START)):
                m.next = "DECODE"
            with m.If(self.command.valid & (command.command == Command.READ)):
                m.next = "READ"
        with m.State("READ"):
            m.next = "RESULT"
        with m.State("RESULT"):
            m.d.comb += self.result.valid.eq(1)
            with m.If(self.result.ready):
                m.next = "IDLE"
        with m.State("DECODE"):
            with m.If(kind == Kind.END):
                m.next = "IDLE"
            with m.Else():
                m.next = "EXECUTE"
        with m.State("EXECUTE"):
            self._execute(m)
        with m.State("LOOP"):
            done = Signal()
            with m.Switch(kind):
                with m.Case(Kind.RUN):
                    m.d.comb += done.eq(~self.active)
                with m.Case(Kind.SHIFT):
                    m.d.comb += done.eq(few | self._steps.all())
                with m.Case(Kind.LENGTH):
                    m.d.comb += done.eq(0)
                with m.Default():
                    m.d.comb += done.eq(few)
            with m.If(self._overflows):
                m.next = "AGAIN"
            with m.Elif(done):
                m.d.comb += self._go.eq(1)
                m.next = "DECODE"
        with m.State("AGAIN"):
            m.d.comb += self._go.eq(1)
            m.next = "DECODE"

    def _execute(self, m):
        """The first cycle of an instruction, the last of most."""
        instruction, a, below = self._instruction, self._a, self._accumulator.below
        kind, variant = instruction.kind, instruction.variant
        done = Signal()
        m.d.comb += done.eq(1)
        with m.Switch(kind):
            with m.Case(Kind.JUMP):
                # a - 1 is negative where a is not positive.
                zero = below & ~a[-1]
                m.d.comb += self._jumps.eq(Mux(variant[1], a[-1], zero | ~variant[0]))
            with m.Case(Kind.COMPARE):
                m.d.comb += self._replaces.eq(below ^ Mux(variant[1], ~a[-1], ~variant[0]))
                with m.If(self._replaces):
                    m.d.comb += done.eq(0)
                    m.next = "AGAIN"
            with m.Case(Kind.TWICE):
                m.d.comb += done.eq(0)
                m.next = "AGAIN"
            with m.Case(Kind.SHIFT, Kind.PRODUCT, Kind.LENGTH):
                m.d.comb += done.eq(0)
                m.next = "LOOP"
            with m.Case(Kind.ASK):
                m.d.comb += [self.asks.eq(1), done.eq(0)]
                with m.If(self.answered):
                    m.next = "LOOP"
            with m.Case(Kind.RUN):
                m.d.comb += [self.launch.eq(1), done.eq(0)]
                m.next = "LOOP"
            with m.Case(Kind.IN):
                m.d.comb += [self.wide.ready.eq(1), done.eq(self.wide.valid)]
            with m.Case(Kind.OUT):
                m.d.comb += [self.result.valid.eq(1), done.eq(self.result.ready)]
        with m.If(done):
            m.d.comb += self._go.eq(1)
            m.next = "DECODE"

    def _operand(self, m):
        """The operand of the accumulator."""
        instruction, accumulator, a, kind = self._instruction, self._accumulator, self._a, self._instruction.kind
        shifts, length = kind == Kind.SHIFT, kind == Kind.LENGTH
        sign_q, left_out = Signal(reset_less=True), Signal(3, reset_less=True)
        last = self._looping & (kind == Kind.PRODUCT) & self._few
        m.d.sync += [sign_q.eq(a[-1]), left_out.eq(_length(a[: LEAP - 1]))]
        source, factor = instruction.source.as_value(), self._looping & (kind == Kind.PRODUCT) & a[0]
        found, value = Cat(left_out, ~self._steps[3:6], 0, 0), instruction.value
        number = Cat(Mux(self._again, found, value[: len(found)]), value[len(found) :])
        rounds = shifts & (instruction.variant == Variant.HALF) & self._few & (self._steps[0] | self._lost(m))
        m.d.comb += [
            accumulator.word.eq(self._memory.read_data),
            accumulator.use_word.eq(instruction.word),
            accumulator.lower.as_value().eq(source & ~self._looping.replicate(2)),
            accumulator.upper.as_value().eq(Cat(source[1] & source[0] | factor, source[1])),
            accumulator.number.eq(number),
            accumulator.sum.eq(self.sum),
            accumulator.wide.eq(self.wide.payload),
            accumulator.command.eq(self._command.data),
            accumulator.limit.eq((kind == Kind.COMPARE) | (shifts & self._again) | (length & self._looping)),
            accumulator.sign.eq(Mux(self._again, sign_q, a[-1] & ~length)),
            accumulator.above.eq(Mux(shifts, 0, instruction.value[: len(BOUNDS)])),
            accumulator.twice.eq(self._looping & ((kind == Kind.ASK) | (shifts & self._steps[-1]))),
            accumulator.invert.eq(Mux(self._looping, last | length, instruction.invert ^ self._again)),
            accumulator.carry.eq(
                Mux(
                    self._looping,
                    last | rounds | ((kind == Kind.ASK) & self.answer),
                    Mux(self._again, ~instruction.invert, instruction.carry),
                )
            ),
        ]

    def _lost(self, m):
        """The highest bit that a leap in the cycle before shifted out."""
        lost = Signal()
        with m.If(self._looping):
            m.d.sync += lost.eq(self._a[LEAP - 1])
        with m.Else():
            m.d.sync += lost.eq(0)
        return lost

    def _next(self, m):
        """What the accumulator becomes."""
        instruction, accumulator, a, kind = self._instruction, self._accumulator, self._a, self._instruction.kind
        steps, shifts, length = self._steps, kind == Kind.SHIFT, kind == Kind.LENGTH
        left = shifts & steps[-1]
        self._leaps = Signal()
        m.d.comb += [
            self._leaps.eq(length | (shifts & ~steps[-1] & steps[3:7].any())),
            self._overflows.eq(self._looping & ((length & accumulator.below) | (left & (a[-1] ^ a[-2])))),
            accumulator.clear.eq(
                (self._decoding & instruction.clear) | self._replaces | self._overflows | self.asks & self.answered
            ),
            accumulator.clear_upper.eq(self._decoding & (kind == Kind.PRODUCT)),
            accumulator.enable.eq(
                self._idle
                | self._looping
                | self._again
                | self._executing & ((kind == Kind.PLAIN) | (kind == Kind.TWICE) | (kind == Kind.IN) & self.wide.valid)
            ),
        ]
        with m.If(self._idle):
            m.d.comb += accumulator.choice.eq(Choice.COMMAND)
        with m.Elif(self._looping & self._leaps):
            m.d.comb += accumulator.choice.eq(Choice.LEAP)
        with m.Elif(self._looping & ((kind == Kind.PRODUCT) | (shifts & ~steps[-1] & (steps != 0)))):
            m.d.comb += accumulator.choice.eq(Choice.RIGHT)

    def _counts(self, m):
        """The steps to go."""
        steps, instruction = self._steps, self._instruction
        left = steps[-1] & (instruction.kind == Kind.SHIFT)
        down, counted, change = ~self._leaps, Signal(STEPS), Signal(STEPS)
        m.d.comb += [
            self._few.eq(steps[1:] == 0),
            counted.eq(Mux(instruction.counted, self._memory.read_data[:STEPS], instruction.value[ADDRESS:])),
            # 1, -1, or -LEAP
            change.eq(Mux(self._looping, Cat(down, (down & ~left).replicate(2), (~left).replicate(5)), counted)),
        ]
        held = (self._looping | self._executing) & ~(self.asks & ~self.answered)
        with m.If(held):
            m.d.sync += steps.eq(steps + change)
        with m.Else():
            m.d.sync += steps.eq(0)


def _length(bits):
    """Bits of a number of 7 bits."""
    a = bits
    return Cat(
        a[6] | ~a[5] & (a[4] | ~a[3] & (a[2] | ~a[1] & a[0])),
        a[6] | a[5] | ~a[4] & ~a[3] & (a[2] | a[1]),
        a[6] | a[5] | a[4] | a[3],
    )
