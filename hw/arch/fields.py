"""Bit layouts: the ONE mechanism by which every word that software and hardware share is written down.

A :class:`Word` is a layout for Amaranth, so that `Signal(word)`, `In(word)` and `word.const(..)` work; it encodes and
checks values by name, decodes integers, and gives its rows for documents and its text for a C header. Where a field is
a choice, its shape is a :class:`Choice`: an enumeration whose members know what they mean. Numbers of things that are
not themselves a field's shape are :class:`Numbers`.

    class Mode(Choice, enum.Enum, shape=unsigned(2)):
        IDLE = member(0, "nothing")
        RUN = member(1, "one step a cycle")

    fields = Field("mode", Mode, "the mode"), Field("count", unsigned(5), "steps")
    Control = Word("Control", "What a unit does.", *fields)
    Control.encode({"mode": Mode.RUN, "count": 3})  # 0b00011_01
    Control.decode(13)  # {"mode": Mode.RUN, "count": 3}
"""

import enum as python_enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from amaranth.hdl import Shape
from amaranth.lib import data, enum

__all__ = ["Choice", "Field", "Member", "Numbers", "Row", "Word", "choices_c", "member"]


class Member(int):
    """Number of a member of an enumeration, with what it means and the shape of what it stands for, if any."""

    doc: str
    shape: Shape | None

    def __new__(cls, value: int, doc: str, shape: Shape | None = None):
        self = super().__new__(cls, value)
        self.doc, self.shape = doc, shape
        return self

    def __reduce__(self):
        return type(self), (int(self), self.doc, self.shape)


def member(value: int, doc: str, shape: Shape | None = None) -> int:
    """Return the value of a member of a :class:`Choice` or of :class:`Numbers`.

    Parameters
    ----------
    value : int
    doc : str
        What the member means, as documents say it.
    shape : Shape, optional
        Shape of the number that the member stands for.
    """
    return Member(value, doc, shape)


class Choice:
    """Mixin of enumerations that are the shape of a field: `class Mode(Choice, enum.Enum, shape=unsigned(2))`.

    `enum` is Amaranth's; the members are :func:`member`.
    """

    _value_: int

    @property
    def doc(self) -> str:
        """What the member means."""
        return self._value_.doc if isinstance(self._value_, Member) else ""

    @property
    def stands_for(self) -> Shape:
        """Shape of the number that the member stands for.

        Raises
        ------
        ValueError
            If it stands for none.
        """
        if not isinstance(self._value_, Member) or self._value_.shape is None:
            raise ValueError(f"Member must stand for a number, not {self!r}")
        return self._value_.shape


class Numbers(Choice, python_enum.IntEnum):
    """Base of enumerations of numbers, such as addresses, whose members are :func:`member`."""

    def __new__(cls, value: int):
        """Keep the :class:`Member`, of which an integer enumeration would keep the number alone."""
        self = int.__new__(cls, value)
        self._value_ = value
        return self


@dataclass(frozen=True)
class Field:
    """A field of a word.

    Parameters
    ----------
    name : str
    shape : shape-like
        A Shape, a range, a width, a :class:`Choice`, a :class:`Word`, or an ArrayLayout of one of these.
    doc : str
        What the field means, as documents say it.
    range : (int, int), optional
        Least and largest legal value, where they are narrower than the shape.
    """

    name: str
    shape: Any
    doc: str
    range: tuple[int, int] | None = None

    @property
    def bits(self) -> int:
        """Width in bits."""
        return Shape.cast(self.shape).width

    @property
    def signed(self) -> bool:
        """Whether it is a signed number."""
        return Shape.cast(self.shape).signed

    def encode(self, value, where: str) -> int:
        """Bits of a value; `where` names the field in messages. Raises ValueError if the value is not legal."""
        if self.range is not None:
            low, high = self.range
            if not low <= int(value) <= high:
                raise ValueError(f"{where} must be {low} to {high}, not {value}")
        return _encode(self.shape, value, where)


class Row(NamedTuple):
    """A field as documents show it: number of its unit, its bits there, and what it is."""

    unit: int
    bits: str
    name: str
    signed: bool
    doc: str


def _limits(shape: Shape) -> tuple[int, int]:
    if shape.signed:
        return -(1 << shape.width - 1), (1 << shape.width - 1) - 1
    return 0, (1 << shape.width) - 1


def _encode(shape, value, where: str) -> int:
    """Bits of a value in a shape."""
    if isinstance(shape, Word):
        return shape.check(value, where) if isinstance(value, int) else shape.encode(value)
    if isinstance(shape, data.ArrayLayout):
        width, values = Shape.cast(shape.elem_shape).width, list(value)
        if len(values) != shape.length:
            raise ValueError(f"{where} must have {shape.length} elements, not {len(values)}")
        return sum(_encode(shape.elem_shape, each, f"{where}[{n}]") << n * width for n, each in enumerate(values))
    if isinstance(shape, enum.EnumType):
        return int(_member(shape, value, where).value) & ((1 << Shape.cast(shape).width) - 1)
    plain = Shape.cast(shape)
    low, high = (shape[0], shape[-1]) if isinstance(shape, range) and len(shape) else _limits(plain)
    if not low <= int(value) <= high:
        raise ValueError(f"{where} must be {low} to {high}, not {value}")
    return int(value) & ((1 << plain.width) - 1)


def _member(choices, value, where: str):
    """Member of an enumeration, by itself or by its number."""
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(f"{each.name} ({each.value})" for each in choices)
        raise ValueError(f"{where} must be one of {names}, not {value}") from None


def _decode(shape, bits: int, where: str):
    """Value of bits in a shape."""
    if isinstance(shape, Word):
        return shape.decode(bits)
    if isinstance(shape, data.ArrayLayout):
        width = Shape.cast(shape.elem_shape).width
        parts = (bits >> n * width & ((1 << width) - 1) for n in range(shape.length))
        return [_decode(shape.elem_shape, part, f"{where}[{n}]") for n, part in enumerate(parts)]
    plain = Shape.cast(shape)
    if plain.signed and bits >> plain.width - 1:
        bits -= 1 << plain.width
    return _member(shape, bits, where) if isinstance(shape, enum.EnumType) else bits


class Word(data.FlexibleLayout):
    """A word of named fields, from the lowest bit up.

    Parameters
    ----------
    name : str
        As messages and C headers say it.
    doc : str
        What the word is for.
    *fields : Field, or sequence of Field if there is a unit
    unit : int, optional
        Bits of the units, such as words on a bus, of a long word: `fields` are then those of each unit, and none is
        over the edge of one.

    Raises
    ------
    ValueError
        If two fields have one name, or those of a unit do not fit it.
    """

    def __init__(self, name: str, doc: str, *fields, unit: int | None = None):
        self.name, self.__doc__, self.unit = name, doc, unit
        #: Fields of each unit.
        self.parts: tuple[tuple[Field, ...], ...] = (fields,) if unit is None else tuple(tuple(f) for f in fields)
        self._places: dict[str, tuple[Field, int]] = {}
        end = 0
        for number, members in enumerate(self.parts):
            start = end = number * (unit or 0)
            for field in members:
                if field.name in self._places:
                    raise ValueError(f"{name} must have one field of a name, not two of {field.name}")
                self._places[field.name] = field, end
                end += field.bits
            if unit is not None and end - start > unit:
                raise ValueError(f"{name} must have {unit} bits in word {number}, not {end - start}")
        size = end if unit is None else unit * len(self.parts)
        super().__init__(size, {n: data.Field(field.shape, at) for n, (field, at) in self._places.items()})

    @property
    def layout(self) -> data.FlexibleLayout:
        """The word as a layout for Amaranth: itself."""
        return self

    @cached_property
    def members(self) -> dict[str, Any]:
        """Shape of each field, by its name."""
        return {name: field.shape for name, (field, _) in self._places.items()}

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.parts)

    def field(self, name: str) -> Field:
        """Return the field of a name."""
        return self._places[name][0]

    def encode(self, values: Mapping[str, Any], *, partial: bool = False) -> int:
        """Bits of values by field; a field that is a word takes a mapping, or its bits.

        Parameters
        ----------
        values : mapping
            A value for every field, and nothing else.
        partial : bool
            Fields that are not given are zero bits.

        Raises
        ------
        ValueError
            If a field is missing or unknown, or a value is not legal; the message names the field and the rule.
        """
        unknown = values.keys() - self._places.keys()
        missing = set() if partial else self._places.keys() - values.keys()
        if unknown or missing:
            names = ", ".join(sorted(unknown | missing))
            raise ValueError(f"{self.name} fields must be given once each; these are missing or unknown: {names}")
        bits = 0
        for name, value in values.items():
            field, at = self._places[name]
            bits |= field.encode(value, f"{self.name} {name}") << at
        return bits

    def check(self, bits: int, where: str | None = None) -> int:
        """Return bits that fit the word; ValueError otherwise."""
        if not 0 <= bits < 1 << self.size:
            raise ValueError(f"{where or self.name} must have {self.size} bits, not {bits:#x}")
        return bits

    def decode(self, bits: int) -> dict[str, Any]:
        """Value of each field: numbers, members of a :class:`Choice`, lists for arrays, mappings for words.

        Raises
        ------
        ValueError
            If the integer is wider than the word, or a field holds no member of its choices.
        """
        self.check(bits)
        return {
            name: _decode(field.shape, bits >> at & ((1 << field.bits) - 1), f"{self.name} {name}")
            for name, (field, at) in self._places.items()
        }

    def put(self, bits: int, **raw: int) -> int:
        """Bits with those of some fields replaced, unchecked but for their width, as tests of refusals need them."""
        for name, value in raw.items():
            field, at = self._places[name]
            mask = (1 << field.bits) - 1
            if value & ~mask:
                raise ValueError(f"{self.name} {name} must have {field.bits} bits, not {value}")
            bits = bits & ~(mask << at) | value << at
        return bits

    def place(self, name: str) -> tuple[int, int]:
        """Number of the unit of a field, and its lowest bit there."""
        at = self._places[name][1]
        return divmod(at, self.unit) if self.unit else (0, at)

    def split(self, bits: int) -> list[int]:
        """Units of encoded bits, the lowest first."""
        unit = self.unit or self.size
        return [self.check(bits) >> unit * n & ((1 << unit) - 1) for n in range(self.units)]

    def join(self, units: Sequence[int]) -> int:
        """Bits of units, the lowest first; ValueError if there are too few or too many."""
        if len(units) != self.units:
            raise ValueError(f"{self.name} must have {self.units} words, not {len(units)}")
        return sum(each << (self.unit or 0) * n for n, each in enumerate(units))

    def rows(self) -> Iterable[Row]:
        """Yield a row for each field, for documents."""
        for name, (field, _) in self._places.items():
            unit, low = self.place(name)
            bits = f"{low + field.bits - 1}:{low}" if field.bits > 1 else str(low)
            yield Row(unit, bits, name, field.signed, field.doc)

    def c(self, prefix: str = "") -> str:
        """Text for a C header: place and width of each field, and its unit where there are several."""
        name = prefix + _c_name(self.name)
        lines = [f"/* {self.name}: {' '.join((self.__doc__ or '').split())} */", f"#define {name}_BITS {self.size}"]
        for field, (each, _) in self._places.items():
            place = f"{name}_{_c_name(field)}"
            unit, low = self.place(field)
            if self.unit:
                lines.append(f"#define {place}_WORD {unit}")
            lines += [f"#define {place}_LSB {low} /* {each.doc} */", f"#define {place}_WIDTH {each.bits}"]
        return "\n".join(lines) + "\n"

    def __repr__(self):
        return f"<Word {self.name} of {self.size} bits>"


def _c_name(name: str) -> str:
    """A name as C writes constants."""
    return "".join(c if c.isalnum() else "_" for c in name).strip("_").upper()


def choices_c(choices, prefix: str = "") -> str:
    """Text for a C header: the value of each member of a :class:`Choice` or of :class:`Numbers`."""
    name = prefix + _c_name(choices.__name__)
    return "".join(f"#define {name}_{each.name} {int(each.value)} /* {each.doc} */\n" for each in choices)
