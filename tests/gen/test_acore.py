"""The command line's A-Core: what it writes, and what it refuses."""

import json

import pytest

from gen.cli import main
from sim.rtl.simulators import lint


def test_generate_writes_a_clean_design(tmp_path):
    assert main(["generate", "acore", "--apus", "2", "--lanes", "2", "--acc-bits", "40", "--out", str(tmp_path)]) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["parameters"] == {"apus": 2, "lanes": 2, "acc_bits": 40}
    widths = {port["name"]: port["width"] for port in manifest["ports"]}
    assert widths["apu_0__wide__payload"] == 80
    assert widths["apu_1__word_o__payload"] == 96
    lint(top="acore", verilog=(tmp_path / "acore.v").read_text())


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--apus", "0"), "A-Core apus must be 1 to 64, not 0"),
        (("--lanes", "9"), "A-Core lanes must be 1 to 8, not 9"),
        (("--lanes", "many"), "--lanes must be an integer from 1 to 8, not 'many'"),
        (("--acc-bits", "49"), "A-Core acc_bits must be 32 to 48, not 49"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "acore", *arguments]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"
    assert list(tmp_path.iterdir()) == []
