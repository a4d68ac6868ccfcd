"""Instructions as the controller of an APU wants them: its program memory holds them decoded."""

from collections.abc import Sequence

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from hw.arch.acore.scalar import SATURATIONS, Base, Instruction, Op
from hw.arch.acore.sizes import CODE_DEPTH

from .functions import Functions
from .sums import ADDED

__all__ = ["ADDRESS", "BOUNDS", "FACTOR", "LEAP", "NUMBER", "STEPS", "Decoded", "Kind", "Source", "Variant", "decoded"]

#: Bits of an address, of a number, and of the steps of a shift, a product or a quotient.
ADDRESS, NUMBER, STEPS = 9, 17, 8
#: A right shift and a count of bits go by this many bits while they can.
LEAP = 8
#: Widths that the accumulator is compared with.
BOUNDS = tuple(sorted({*SATURATIONS, LEAP}))
#: Bits of the factor in the accumulator, and so steps of a product.
FACTOR = 18


class Kind(enum.Enum, shape=unsigned(4)):
    """What an instruction does beside an addition."""

    PLAIN = 0  #: nothing
    STORE = 1
    SET = 2
    JUMP = 3
    COMPARE = 4  #: take the operand where the sign of the sum says so
    TWICE = 5  #: add a sum, then subtract the operand of the next cycle
    SHIFT = 6
    PRODUCT = 7
    LENGTH = 8
    ASK = 9
    RUN = 10
    IN = 11
    OUT = 12
    END = 13


class Source(enum.Enum, shape=unsigned(2)):
    """Operand that is no memory word."""

    LIMIT = 0  #: the bound of a saturation, or 0
    NUMBER = 1  #: in the lower bits
    SUM = 2  #: of the accumulators over the lanes
    WIDE = 3  #: stream `wide`


class Variant(enum.IntEnum):
    """Of a comparison, a jump, a shift and a question."""

    MIN, MAX, SAT = 0, 1, 2
    ALWAYS, ZERO, NEGATIVE = 0, 1, 2
    FLOOR, HALF = 0, 1
    DIVISION, EXPONENTIAL = 0, 1


class Decoded(data.Struct):
    """A decoded instruction.

    `value` is an address in its lower 9 bits, with the steps above them; or a number, or its complement with
    `invert`; or for a comparison with a bound bit n tells whether the bits from BOUNDS[n] - 1 on are the sign.
    """

    value: unsigned(NUMBER)
    base: Base
    kind: Kind
    variant: unsigned(2)
    clear: unsigned(1)  #: the accumulator, before
    word: unsigned(1)  #: the operand is the memory word
    source: Source  #: else this
    counted: unsigned(1)  #: the steps are in the memory word
    invert: unsigned(1)  #: the operand, in a second cycle not
    carry: unsigned(1)  #: into the sum


_KINDS = {
    Op.END: Kind.END,
    Op.ST: Kind.STORE,
    Op.MIN: Kind.COMPARE,
    Op.MAX: Kind.COMPARE,
    Op.SAT: Kind.COMPARE,
    Op.MUL: Kind.PRODUCT,
    Op.DIV: Kind.ASK,
    Op.EXP: Kind.ASK,
    Op.SHR: Kind.SHIFT,
    Op.SHF: Kind.SHIFT,
    Op.SHRI: Kind.SHIFT,
    Op.SHFI: Kind.SHIFT,
    Op.BLEN: Kind.LENGTH,
    Op.SET: Kind.SET,
    Op.RUN: Kind.RUN,
    Op.IN: Kind.IN,
    Op.OUT: Kind.OUT,
    Op.JZ: Kind.JUMP,
    Op.JN: Kind.JUMP,
    Op.JMP: Kind.JUMP,
}
_VARIANTS = {
    Op.MAX: Variant.MAX,
    Op.SAT: Variant.SAT,
    Op.JZ: Variant.ZERO,
    Op.JN: Variant.NEGATIVE,
    Op.SHR: Variant.HALF,
    Op.SHRI: Variant.HALF,
    Op.EXP: Variant.EXPONENTIAL,
}
_SOURCES = {
    Op.LDI: Source.NUMBER,
    Op.ADDI: Source.NUMBER,
    Op.BLEN: Source.NUMBER,
    Op.ACC: Source.SUM,
    Op.IN: Source.WIDE,
}
_STEPS = {Op.MUL: FACTOR, Op.DIV: Functions.DIVISION, Op.EXP: Functions.EXPONENTIAL}
#: Operations with the operand's complement, and those of them with its negative; others use it in a second cycle.
_INVERTED = (Op.SUB, Op.MIN, Op.MAX, Op.SAT, Op.MUL, Op.BLEN, Op.SHR, Op.SHF, Op.SHRI, Op.SHFI, Op.JZ)
_NEGATED = (Op.SUB, Op.MIN, Op.MAX, Op.SAT)


def _decode(word: int) -> int:
    instruction = Instruction.from_bits(word)
    op, value = Op(instruction.op), instruction.value
    negative = op in (Op.LDI, Op.ADDI) and bool(value >> NUMBER - 1)
    if negative:
        value ^= (1 << NUMBER) - 1
    elif op in (Op.SHRI, Op.SHFI):
        value = (value & (1 << STEPS) - 1) << ADDRESS
    elif op in (Op.SAT, Op.BLEN):
        width = LEAP if op is Op.BLEN else value
        value = sum((bits >= width) << n for n, bits in enumerate(BOUNDS))
    value |= _STEPS.get(op, 0) << ADDRESS
    twice = op is Op.ACC and value in ADDED
    fields = {
        "value": value,
        "base": instruction.base,
        "kind": Kind.TWICE if twice else _KINDS.get(op, Kind.PLAIN),
        "variant": _VARIANTS.get(op, 0),
        "clear": op in (Op.LD, Op.LDI, Op.ACC, Op.IN),
        "word": op in (Op.LD, Op.ADD, Op.SUB, Op.MIN, Op.MAX),
        "source": _SOURCES.get(op, Source.LIMIT),
        "counted": op in (Op.SHR, Op.SHF),
        "invert": negative or op in _INVERTED,
        "carry": op in _NEGATED,
    }
    return Decoded.const(fields).as_value().value


def decoded(words: Sequence[int]) -> tuple[int, ...]:
    """Words of :class:`Decoded` of an instruction each, `end` after the last."""
    return tuple(_decode(word) for word in [*words, *[0] * (CODE_DEPTH - len(words))])
