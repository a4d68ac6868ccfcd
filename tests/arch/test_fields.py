"""The mechanism of bit layouts, and every layout that goes through it."""

import itertools
import pickle
import random
import subprocess

import pytest
from amaranth.hdl import Shape, Signal, signed, unsigned
from amaranth.lib import data, enum

from hw.arch.acore import chain
from hw.arch.acore.chain import Chain
from hw.arch.acore.commands import Command, CommandWord, Start, command_word
from hw.arch.acore.constants import Constant
from hw.arch.acore.scalar import Accumulator, Base, Instruction, Op
from hw.arch.array.cell import CellControl
from hw.arch.array.config import ArrayConfig
from hw.arch.array.control import ArrayControl
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, ROW, STATUS, entry_word
from hw.arch.ccore.drain import DrainJob, drain_beat, drain_request
from hw.arch.ccore.inputs import input_control, input_write
from hw.arch.ccore.psums import psum_op
from hw.arch.ccore.weights import weight_read, weight_write
from hw.arch.fields import Choice, Field, Word, choices_c, member
from hw.arch.taxonn.config import FixedFormat
from hw.arch.taxonn.order import order_word


class Mode(Choice, enum.Enum, shape=unsigned(2)):
    """A choice with a number that means nothing."""

    IDLE = member(0, "nothing")
    RUN = member(1, "one step a cycle")
    STOP = member(3, "nothing more")


INNER = Word("Inner", "A word in a word.", Field("a", unsigned(3), ""), Field("b", signed(4), ""))
OUTER = Word(
    "Outer",
    "One of each shape.",
    Field("mode", Mode, "the mode"),
    Field("count", range(6), "a number up to 5"),
    Field("level", signed(5), "a number with a sign", range=(-9, 3)),
    Field("table", data.ArrayLayout(data.ArrayLayout(unsigned(2), 2), 3), "numbers"),
    Field("inner", INNER, "a word"),
)
VALUES = {"mode": Mode.STOP, "count": 5, "level": -9, "table": [[0, 1], [2, 3], [3, 0]], "inner": {"a": 6, "b": -8}}

_CONFIG = CCoreConfig(ArrayConfig(2, 3, 4, 5))
WORDS = [
    *(Chain, CommandWord, Start, Instruction, CellControl, ArrayControl, HEADER, ENTRY, ROW, STATUS, entry_word(3)),
    *(make(_CONFIG) for make in (DrainJob.layout, drain_beat, drain_request, input_control, input_write, psum_op)),
    *(weight_read(_CONFIG), weight_write(_CONFIG), order_word(9, FixedFormat(2, 12)), OUTER),
]


def any_value(shape, rng):
    """A legal value of any shape."""
    if isinstance(shape, Word):
        return {name: any_value(each, rng) for name, each in shape.members.items()}
    if isinstance(shape, data.ArrayLayout):
        return [any_value(shape.elem_shape, rng) for _ in range(shape.length)]
    if isinstance(shape, enum.EnumType):
        return rng.choice(list(shape))
    if isinstance(shape, range):
        return rng.choice([shape[0], shape[-1], rng.choice(shape)])
    plain = Shape.cast(shape)
    low = -(1 << plain.width - 1) if plain.signed else 0
    return low + rng.choice([0, (1 << plain.width) - 1, rng.randrange(1 << plain.width)])


def test_encoding_places_fields_from_the_lowest_bit():
    bits = OUTER.encode(VALUES)
    expected = "1000_110" + "00_11_11_10_01_00" + "10111" + "101" + "11"
    assert f"{bits:0{OUTER.size}b}" == expected.replace("_", "")
    assert OUTER.decode(bits) == VALUES
    # By number, by bits of a word, and by member is the same.
    assert OUTER.encode({**VALUES, "mode": 3, "inner": INNER.encode(VALUES["inner"])}) == bits


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_every_word_is_read_as_it_was_written_and_as_hardware_sees_it(word):
    rng = random.Random(1)
    for _ in range(50):
        values = any_value(OUTER, rng) | {"level": rng.randint(-9, 3)} if word is OUTER else any_value(word, rng)
        bits = word.encode(values)
        assert word.decode(bits) == values
        seen = word.from_bits(bits)
        for name, shape in word.members.items():
            if not isinstance(shape, data.Layout):
                assert seen[name] == values[name], name
    assert Signal(word).as_value().shape().width == word.size
    assert all(row.doc and not row.doc.endswith(".") for row in word.rows() if word is not INNER)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mode": 2}, "Outer mode must be one of IDLE (0), RUN (1), STOP (3), not 2"),
        ({"count": 6}, "Outer count must be 0 to 5, not 6"),
        ({"level": 4}, "Outer level must be -9 to 3, not 4"),
        ({"table": [[0, 1], [2, 4], [3, 0]]}, "Outer table[1][1] must be 0 to 3, not 4"),
        ({"table": [[0, 1]]}, "Outer table must have 3 elements, not 1"),
        ({"inner": {"a": 8, "b": 0}}, "Inner a must be 0 to 7, not 8"),
        ({"inner": 1 << 7}, "Outer inner must have 7 bits, not 0x80"),
        ({"more": 1}, "Outer fields must be given once each; these are missing or unknown: more"),
    ],
)
def test_a_value_that_is_not_legal_is_named(values, message):
    with pytest.raises(ValueError) as error:
        OUTER.encode(VALUES | values)
    assert str(error.value) == message


def test_missing_fields_are_refused_unless_they_may_be_zero():
    with pytest.raises(ValueError, match="these are missing or unknown: inner, level, mode, table"):
        OUTER.encode({"count": 3})
    assert OUTER.encode({"count": 3}, partial=True) == 3 << 2


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (
            OUTER.put(OUTER.encode(VALUES), mode=2),
            r"Outer mode must be one of IDLE \(0\), RUN \(1\), STOP \(3\), not 2",
        ),
        (1 << OUTER.size, "Outer must have 29 bits, not 0x20000000"),
        (-1, "Outer must have 29 bits, not -0x1"),
    ],
)
def test_bits_that_mean_nothing_are_refused(bits, message):
    with pytest.raises(ValueError, match=message):
        OUTER.decode(bits)


def test_long_words_are_cut_at_their_units():
    word = Word("Long", "", [Field("a", unsigned(5), "")], [Field("b", signed(8), ""), Field("c", Mode, "")], unit=16)
    units = word.split(word.encode({"a": 17, "b": -2, "c": Mode.RUN}))
    assert units == [17, 0xFE | 1 << 8]
    assert word.decode(word.join(units)) == {"a": 17, "b": -2, "c": Mode.RUN}
    assert [row[:3] for row in word.rows()] == [(0, "4:0", "a"), (1, "7:0", "b"), (1, "9:8", "c")]
    with pytest.raises(ValueError, match="Long must have 2 words, not 1"):
        word.join(units[:1])


def test_wrong_words_are_refused():
    with pytest.raises(ValueError, match="Long must have 16 bits in word 1, not 17"):
        Word("Long", "", [], [Field("a", unsigned(9), ""), Field("b", unsigned(8), "")], unit=16)
    with pytest.raises(ValueError, match="Long must have one field of a name, not two of a"):
        Word("Long", "", Field("a", unsigned(9), ""), Field("a", unsigned(8), ""))
    with pytest.raises(ValueError, match="Outer count must have 3 bits, not 8"):
        OUTER.put(0, count=8)


def test_choices_know_what_their_members_mean():
    assert [(mode.value, mode.doc) for mode in Mode] == [(0, "nothing"), (1, "one step a cycle"), (3, "nothing more")]
    assert pickle.loads(pickle.dumps(Mode.RUN)) is Mode.RUN
    assert Signal(Mode).as_value().shape() == unsigned(2)
    with pytest.raises(ValueError, match=r"Member must stand for a number, not <Mode\.RUN: 1>"):
        _ = Mode.RUN.stands_for


def test_constants_have_the_shape_of_what_they_stand_for():
    assert (Constant.RESCALE, Constant.RESCALE.stands_for) == (2, signed(7))
    assert (Constant.KEY1_HIGH, Constant.KEY1_HIGH.stands_for) == (19, unsigned(32))
    assert Constant(4).doc.startswith("u of the conversion")
    assert all(each.stands_for.width and each.doc for each in Constant)
    assert all(each.doc for each in itertools.chain(Accumulator, Base, Op, Command, chain.Mask, chain.Outcome))


def test_data_of_commands_is_cut_to_the_word():
    assert command_word(Command.WRITE, 511, -1) == (1 << 65) - 1
    assert command_word(Command.READ, 3) == 3 << 56 | 3 << 65
    assert CommandWord.decode(command_word(Command.SET, 5, 1 << 55)) == {
        "data": -(1 << 55),
        "address": 5,
        "command": Command.SET,
    }


def test_the_c_header_compiles_and_reads_what_python_wrote(tmp_path):
    """A C program takes the fields of a header apart by the names of the text."""
    header = HEADER.encode(dict.fromkeys(HEADER.members, 0) | {"pattern": 7, "ports": [[0, 1], [2, 3]], "tag": 201})
    names = [("PATTERN", 7), ("PORTS", 0b11100100), ("TAG", 201), ("IMAGES", 0)]
    get = "".join(f"  if (GET({name}) != {value}u) return {n + 1};\n" for n, (name, value) in enumerate(names))
    source = (
        HEADER.c("GG_")
        + choices_c(Mode, "GG_")
        + f"static const unsigned words[] = {{{', '.join(map(hex, HEADER.split(header)))}}};\n"
        + "#define F(name, what) GG_DESCRIPTOR_##name##_##what\n"
        + "#define GET(name) (words[F(name, WORD)] >> F(name, LSB) & (0xffffffffu >> (32 - F(name, WIDTH))))\n"
        + f"int main(void) {{\n{get}  return GG_MODE_STOP == 3 ? 0 : 99;\n}}\n"
    )
    (tmp_path / "header.c").write_text(source)
    command = ["g++", "-x", "c++", "-Wall", "-Werror", "-o", str(tmp_path / "header"), str(tmp_path / "header.c")]
    subprocess.run(command, check=True)
    subprocess.run([str(tmp_path / "header")], check=True)
