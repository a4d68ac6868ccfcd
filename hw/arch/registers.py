"""Maps of registers as data, from which bus decode, documents and the descriptions for other tools are made."""

import enum
from dataclasses import dataclass

__all__ = ["Access", "Array", "Bits", "Entry", "Memory", "RegisterMap", "Registers", "WORD_BYTES"]

#: Bytes of a register, and the distance of neighbours.
WORD_BYTES = 4


class Access(enum.StrEnum):
    """What the host may do with a register; anything else is refused."""

    READ = "r"
    WRITE = "w"
    READ_WRITE = "rw"

    @property
    def reads(self) -> bool:
        """Whether the host may read it."""
        return "r" in self

    @property
    def writes(self) -> bool:
        """Whether the host may write it."""
        return "w" in self


@dataclass(frozen=True)
class Bits:
    """A field of a register.

    Parameters
    ----------
    name : str
    low, width : int
        Its lowest bit, and how many it has.
    doc : str
        What it means.
    """

    name: str
    low: int
    width: int
    doc: str


class Registers(enum.IntEnum):
    """Registers by name: each member is its byte offset and says access, meaning, fields and value after a reset.

    A member is defined as `NAME = offset, access, doc`, and if need be `, fields, reset`; without fields all bits are
    one value.
    """

    access: Access
    doc: str
    fields: tuple[Bits, ...]
    reset: int

    def __new__(cls, offset: int, access: Access, doc: str, fields: tuple[Bits, ...] = (), reset: int = 0):
        """Make a member of its data."""
        member = int.__new__(cls, offset)
        member._value_ = offset
        member.access, member.doc, member.fields, member.reset = access, doc, fields, reset
        return member


@dataclass(frozen=True)
class Entry:
    """One register at its place in a map.

    Parameters
    ----------
    name : str
    address : int
        In bytes.
    register : Registers
        What it is.
    fields : tuple of Bits, optional
        In place of those of `register`, where they depend on the configuration.
    """

    name: str
    address: int
    register: Registers
    fields: tuple[Bits, ...] = ()

    @property
    def bits(self) -> tuple[Bits, ...]:
        """Its fields; all bits where it has none."""
        return self.fields or self.register.fields or (Bits("VALUE", 0, 8 * WORD_BYTES, self.register.doc),)


@dataclass(frozen=True)
class Array:
    """Registers that repeat; entry i is that of index i.

    Parameters
    ----------
    index : str
        What the index counts, such as `layer`.
    base, stride, count : int
        Address of index 0, bytes from one to the next, and how many.
    registers : type
        The :class:`Registers`, with offsets from the address of an index.
    """

    index: str
    base: int
    stride: int
    count: int
    registers: type[Registers]

    def address(self, index: int, register: int) -> int:
        """Address of a register of an index."""
        return self.base + self.stride * index + register


@dataclass(frozen=True)
class Memory:
    """Words of a memory.

    Parameters
    ----------
    name : str
    base : int
        Address of its first word.
    doc : str
    indices : tuple
        Pairs of what an index counts and the bit of the address where it begins, the greatest first.
    words : tuple of int
        Words of each value of the first index, from that value's address on.
    access : Access
    """

    name: str
    base: int
    doc: str
    indices: tuple[tuple[str, int], ...]
    words: tuple[int, ...]
    access: Access = Access.READ_WRITE

    def address(self, *indices: int) -> int:
        """Address of a word."""
        return self.base | sum(value << bit for value, (_, bit) in zip(indices, self.indices, strict=True))


@dataclass(frozen=True)
class RegisterMap:
    """Registers and memories of a machine.

    Parameters
    ----------
    name : str
        Of the machine.
    doc : str
    entries : tuple of Entry
        All registers, those of arrays too.
    arrays : tuple of Array
    memories : tuple of Memory

    Raises
    ------
    ValueError
        If two share a name or an address, an address is no word's, or fields overlap or leave their register.
    """

    name: str
    doc: str
    entries: tuple[Entry, ...]
    arrays: tuple[Array, ...] = ()
    memories: tuple[Memory, ...] = ()

    def __post_init__(self):
        for what in ("name", "address"):
            values = [getattr(entry, what) for entry in self.entries]
            if twice := [value for value in values if values.count(value) > 1]:
                raise ValueError(f"Registers of {self.name} must not share the {what} {twice[0]!r}")
        for entry in self.entries:
            if entry.address % WORD_BYTES:
                raise ValueError(f"Address of register {entry.name} must be one of a word, not {entry.address:#x}")
            end = 0
            for field in sorted(entry.bits, key=lambda field: field.low):
                if field.low < end or field.low + field.width > 8 * WORD_BYTES:
                    raise ValueError(f"Field {field.name} of register {entry.name} must have bits of its own within it")
                end = field.low + field.width
