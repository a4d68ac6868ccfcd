"""Scalar instructions of the APU: a microprogram is a list of them, on the APU's memory."""

from amaranth.hdl import unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Numbers, Word, member

__all__ = ["SATURATIONS", "Accumulator", "Base", "Instruction", "Op"]

#: Widths that the scalar accumulator saturates to.
SATURATIONS = (8, 16, 18, 25, 32, 48, 49)


class Accumulator(Numbers):
    """What `acc` reads; `run` clears all."""

    SUM0 = member(0, "accumulator 0")
    SUM1 = member(1, "accumulator 1")
    SUM2 = member(2, "accumulator 2")
    LARGEST = member(3, "OR of |z|, or of |multiply-add 0|")
    SATURATED = member(4, "saturated conversions of z")
    SATURATED1 = member(5, "saturated codes of x_hat")


class Base(Choice, enum.Enum, shape=unsigned(2)):
    """What an address counts from."""

    ABSOLUTE = member(0, "0")
    CHANNEL = member(1, "the channel's record")
    MAP = member(2, "the map's record")


class Op(Choice, enum.Enum, shape=unsigned(5)):
    """Scalar operations on the accumulator A, of 56 bits; r is a memory word, n an immediate."""

    END = member(0, "wait for the next start")
    LD = member(1, "A = r")
    ST = member(2, "r = A")
    ADD = member(3, "A = A + r")
    SUB = member(4, "A = A - r")
    MIN = member(5, "A = min(A, r)")
    MAX = member(6, "A = max(A, r)")
    MUL = member(7, "A = A * r; 18 and 36 bits")
    DIV = member(8, "A = A / r, floor; A < 2^18 * r, r < 2^28")
    SHR = member(9, "A = A / 2^r, half up; * 2^-r, saturated, where r < 0; r of 8 bits")
    SHF = member(10, "the same, down")
    LDI = member(11, "A = n")
    ADDI = member(12, "A = A + n")
    SHRI = member(13, "A = A / 2^n, half up")
    SHFI = member(14, "A = A / 2^n, down")
    SAT = member(15, "A saturates to n bits, n one of SATURATIONS")
    BLEN = member(16, "A = bits of A >= 0")
    EXP = member(17, "A = round(2^16 * 2^(-(A mod 1024) / 1024))")
    SET = member(18, "constant n = A")
    ACC = member(19, "A = accumulator n")
    RUN = member(20, "run the job's chain on a map, to its end")
    IN = member(21, "A = lane 0 of stream `wide`")
    OUT = member(22, "send r on `result`")
    JZ = member(23, "go on at n if A = 0")
    JN = member(24, "go on at n if A < 0")
    JMP = member(25, "go on at n")


#: A scalar instruction.
Instruction = Word(
    "Instruction",
    "A scalar instruction.",
    Field("value", unsigned(17), "address or immediate, two's complement where it is a number"),
    Field("base", Base, "what an address counts from"),
    Field("op", Op, "operation"),
)
