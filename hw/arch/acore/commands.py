"""Commands to an APU."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Word, member

from .chain import Chain
from .sizes import ACCUMULATOR_BITS

__all__ = ["Command", "CommandWord", "Start", "command_word"]

#: Data of the command that starts a program.
Start = Word(
    "Start",
    "Data of the command that starts a program.",
    Field("channel", unsigned(9), "the channel's record"),
    Field("map_", unsigned(9), "the map's record"),
    Field("chain", Chain, "what `run` runs"),
)


class Command(Choice, enum.Enum, shape=unsigned(2)):
    """Commands to an APU."""

    WRITE = member(0, "memory word `address` = `data`")
    SET = member(1, "constant `address` = `data`")
    START = member(2, "run the program at `address`; `data` is a `Start`")
    READ = member(3, "send memory word `address`")


#: A command to an APU.
CommandWord = Word(
    "CommandWord",
    "A command to an APU.",
    Field("data", signed(ACCUMULATOR_BITS), "a memory word, a constant, or a `Start`"),
    Field("address", unsigned(9), "of the memory or of the program, or number of the constant"),
    Field("command", Command, "what is done"),
)


def command_word(command: Command, address: int, data: int = 0) -> int:
    """Bits of a command; those of `data` beyond the word's are cut."""
    low = data & (1 << ACCUMULATOR_BITS) - 1
    number = low - (low >> ACCUMULATOR_BITS - 1 << ACCUMULATOR_BITS)
    return CommandWord.encode({"data": number, "address": address, "command": command})
