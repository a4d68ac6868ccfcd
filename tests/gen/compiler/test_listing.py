"""Disassemblers: what they print is read back to the same words."""

import io

import pytest

from gen.compiler.acore import listing as acore
from gen.compiler.ccore import listing as ccore
from gen.compiler.ccore.plan import plan
from gen.model.layer import Layer, Phase
from hw.arch.acore.chain import Chain
from hw.arch.acore.microcode import assemble, microcode
from hw.arch.acore.scalar import Base, Instruction, Op
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig

CONFIG = CCoreConfig(ArrayConfig(2, 3, 3, 4))


def test_microprograms_assemble_again():
    assert assemble(acore.listing(microcode())) == microcode()


def test_a_program_alone():
    text = acore.listing(microcode(), "frn_sum")
    code = assemble(text)
    assert list(code.programs) == ["frn_sum"]
    first = microcode().programs["frn_sum"]
    assert code.code == microcode().code[first : first + len(code.code)]
    assert all(code.chains[used] == microcode().chains[used] for _, used in code.jobs.values() if used)


def test_instructions_without_names_are_shown():
    word = Instruction.encode({"op": Op.ST, "base": Base.CHANNEL, "value": 40})
    assert acore.instruction(word) == "st channel.40"
    assert (
        acore.instruction(Instruction.encode({"op": Op.LDI, "base": Base.ABSOLUTE, "value": (1 << 17) - 3})) == "ldi -3"
    )
    with pytest.raises(ValueError, match=r"Instruction op must be one of .*, not 31"):
        acore.instruction(Instruction.put(0, op=31))


def test_a_chain_by_its_word():
    for fields in microcode().chains.values():
        bits = Chain.encode(fields, partial=True)
        (found,) = assemble(f"chain a {acore.chain(bits)}").chains.values()
        assert Chain.encode(found, partial=True) == bits


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("docs", [False, True])
def test_descriptors_are_read_back(phase, docs):
    layers = Layer(2, 9, 10, 6, 7, 3, 2, 1), Layer(1, 20, 9, 3, 3, 1), Layer(1, 9, 2, 20, 9, 7, 1, 3)
    for layer in layers:
        words = plan(layer, phase, CONFIG, tag=9).words()
        text = ccore.listing(words, CONFIG.array.rows, docs=docs)
        assert ccore.read(text) == words
        assert f"pattern = {phase}_" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("lanes = CONV", "lanes = CONE", "Entry lanes must be a number or a name of its choices, not 'CONE'"),
        ("images = 2", "images = 4096", "Descriptor images must be 0 to 4095, not 4096"),
        ("images = 2", "image = 2", "missing or unknown: image, images"),
        ("entry 0", "entries", "Line [0-9]+ must be descriptor, entry, row or a field with its value, not 'entries'"),
    ],
)
def test_a_wrong_listing_is_refused(old, new, message):
    text = ccore.listing(plan(Layer(2, 4, 4, 6, 7, 3, 1, 1), Phase.FP, CONFIG).words(), 3, docs=False)
    assert old in text
    with pytest.raises(ValueError, match=message):
        ccore.read(text.replace(old, new, 1))


def test_commands(capsys, monkeypatch, tmp_path):
    assert acore.main(["frn_sum"]) == 0
    assert "program frn_sum" in capsys.readouterr().out
    assert acore.main(["nothing"]) == 2
    assert capsys.readouterr().err.endswith("not 'nothing'\n")
    words = plan(Layer(2, 4, 4, 6, 7, 3, 1, 1), Phase.FP, CONFIG).words()
    monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(f"{word:08x}" for word in words)))
    assert ccore.main(["3"]) == 0
    assert ccore.read(capsys.readouterr().out) == words
    assert ccore.main(["3", str(tmp_path / "missing")]) == 2
    assert ccore.main([]) == 2
    assert "listing: Arguments must be the rows of the array and a file, not ''\n" in capsys.readouterr().err
