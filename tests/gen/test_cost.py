"""`gradgate cost`: what training adds to TaxoNN's PE."""

import json

import pytest

from gen.cli import main
from gen.cost.pe import PAPER, form_of
from gen.cost.toggles import count_toggles
from hw.arch.taxonn.config import Rounding


def test_training_adds_little_to_a_pe(tmp_path, capsys):
    assert main(["cost", "taxonn", "--widths", "16", "--out", str(tmp_path / "new" / "cost.json"), "--json"]) == 0
    text = capsys.readouterr().out
    assert (tmp_path / "new" / "cost.json").read_text() == text
    (row,) = json.loads(text)["widths"]
    base, train = row["baseline"], row["training"]
    assert row["format"] == [2, 13]
    assert base["DSP48E1"] == train["DSP48E1"] == 1
    print(row)
    assert 0 < row["overhead"]["transistors"] <= 9.5
    assert train["LUT"] <= 145
    assert train["FF"] - base["FF"] <= 60
    assert base["toggles"] < train["toggles"] < train["toggles_while_training"]


def test_toggles_are_those_of_the_work():
    parameters = {"outputs": 2, "form": form_of(13), "rounding": Rounding.NEAREST, "training": False}
    few, many = (count_toggles(inputs, False, **parameters) for inputs in (4, 16))
    assert count_toggles(4, False, **parameters) == few != many


def test_the_papers_averages():
    for name, average in (("area", 9.5), ("power", 6.4)):
        assert sum(PAPER[name].values()) / 9 == pytest.approx(average, abs=0.06)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--widths", "3"], "A width must be 7 to 25, not 3"),
        (["--widths", "13-26"], "A width must be 7 to 25, not 26"),
        (["--widths", "15-13"], "A range of widths must rise, unlike 15-13"),
        (["--widths", "x"], "--widths must be widths such as 13-21 or 13,17, not 'x'"),
        (["--rounding", "up"], "--rounding must be one of nearest, stochastic, not 'up'"),
        (["--out", "."], "Output file must not be a folder, as . is"),
        (["--out", 300 * "a"], f"Output file must be writable, but {300 * 'a'} is not (File name too long)"),
    ],
)
def test_mistakes_are_found_before_the_work(arguments, message, capsys, monkeypatch):
    def work(*_):
        raise AssertionError("a mistake must be found before the work")

    monkeypatch.setattr("gen.commands.cost.cost", work)
    assert main(["cost", "taxonn", *arguments]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"


def test_other_machines_have_no_cost(capsys):
    assert main(["cost", "eta"]) == 2
    assert capsys.readouterr().err == "gradgate: Machine must be one of taxonn, not 'eta'\n"
