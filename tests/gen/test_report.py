"""The report: resources of a MAC, the sums over a hierarchy, and how it refuses."""

import json

import pytest

from gen.cli import main
from gen.commands.report import table
from gen.cost.steps import Steps
from gen.cost.synthesis import count, synthesise


def test_fewest_luts(tmp_path, capsys):
    assert main(["generate", "convert", "--out", str(tmp_path)]) == 0
    used = {}
    for option in ([], ["--fewest-luts"]):
        capsys.readouterr()
        assert main(["report", str(tmp_path), "--json", *option]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["fewest_luts"] == bool(option)
        used[report["fewest_luts"]] = report["total"]
    assert used[True]["LUT"] < used[False]["LUT"]
    assert used[True]["FF"] == used[False]["FF"]


@pytest.fixture(scope="module")
def mac(tmp_path_factory):
    """A DSP MAC with its report and the picture of its timing."""
    folder = tmp_path_factory.mktemp("mac")
    assert main(["generate", "mac", "--out", str(folder)]) == 0
    timing = ["--timing", "--period", "1", "--plot", str(folder / "spread.png")]
    assert main(["report", str(folder), *timing]) == 0
    return folder


def test_report_of_a_dsp_mac(mac):
    report = json.loads((mac / "report.json").read_text())
    text = table(report)
    assert report["mode"] == "modules"
    assert report["total"]["DSP48E1"] == 1
    cell, decoder, whole = (report["modules"][name] for name in ("dsp_cell_head", "decoder", "mac"))
    assert (cell["LUT"], cell["FF"], cell["DSP48E1"]) == (0, 0, 1)
    assert (decoder["LUT"], decoder["instances"]) == (12, 2)
    # The decoders, and one LUT that turns `clear` and `en` into the slice's operation.
    assert whole["LUT"] == 2 * decoder["LUT"] + 1
    assert report["total"]["LUT"] == report["lut_per_mac"] == whole["LUT"]
    assert "433,200" in text
    assert "DSP48E1                          1       3,600    0.03%" in text
    assert "Mode modules: each distinct module synthesised once" in text
    assert not [file for file in mac.iterdir() if file.name.startswith(".")]


def test_timing_of_a_mac(mac):
    timing = json.loads((mac / "report.json").read_text())["timing"]
    y, v = timing["models"]
    assert (timing["period_ns"], y["name"], v["name"]) == (1.0, "Y", "V")
    for model in timing["models"]:
        assert model["error"]
        assert model["unknown"] == {}
        assert model["worst_ns"] == max(path["delay_ns"] for path in model["paths"])
        assert sum(model["histogram"]["endpoints"]) == model["endpoints"]
        assert sum(each["over"] for each in model["modules"]) == model["over"]
    # A decoder's LUT on the way from a port to the slice; model V counts the nets too and is over the period.
    assert (v["paths"][0]["levels"], y["over"], v["over"] > 0) == ({"LUT": 1}, 0, True)
    assert (mac / "spread.png").read_bytes().startswith(b"\x89PNG")


def test_flat_mac_is_no_larger(mac, capsys):
    whole = json.loads((mac / "report.json").read_text())["total"]
    capsys.readouterr()
    assert main(["report", str(mac), "--flat", "--json"]) == 0
    flat = json.loads(capsys.readouterr().out)
    assert (flat["mode"], flat["modules"]) == ("flat", {})
    assert flat["total"]["LUT"] <= whole["LUT"]
    assert flat["total"]["DSP48E1"] == whole["DSP48E1"]
    assert "timing" not in flat


@pytest.mark.parametrize(
    "options, message",
    [
        (("--period", "4"), "--period belongs to --timing, which is not given"),
        (("--plot", "spread.png"), "--plot belongs to --timing, which is not given"),
        (("--timing", "--period", "0"), "--period must be a number above 0 and up to 1000, not '0'"),
        (("--timing", "--period", "nan"), "--period must be a number above 0 and up to 1000, not 'nan'"),
        (("--timing", "--plot", "spread.xyz"), "Plot must be of a format such as .png, .svg or .pdf, not 'spread.xyz'"),
        (
            ("--timing", "--plot", "/dev/null/a.png"),
            "Plot must be writable, but /dev/null/a.png is not (Not a directory)",
        ),
    ],
)
def test_a_wrong_option_is_refused_before_the_work(options, message, mac, capsys, monkeypatch):
    monkeypatch.setattr("gen.commands.report.synthesise", lambda *_, **__: pytest.fail("worked"))
    capsys.readouterr()
    assert main(["report", str(mac), *options]) == 2
    assert capsys.readouterr().err == f"gradgate: {message}\n"


def test_steps_say_what_is_left(monkeypatch):
    now = iter((0.0, 60.0))
    monkeypatch.setattr("gen.cost.steps.time.monotonic", lambda: next(now))
    steps = Steps(4)
    steps.read("2.47.15.4. Executing ABC9_EXE pass (technology mapping).\n" * 2 + "2.47.15.5. Execu")
    assert steps.text() == "mapping module 2 of 4, about 44 s left"


def test_generic_mac_is_one_dsp(tmp_path):
    # Sign-extended products have become three slices in some versions of Yosys.
    assert main(["generate", "mac", "--mac", "generic", "--out", str(tmp_path)]) == 0
    cells = synthesise([tmp_path / "mac.v"], "mac", flatten=True)
    assert count(cells, "mac")["DSP48E1"] == 1


def test_json_is_printed(tmp_path, capsys, monkeypatch):
    assert main(["generate", "mac", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    monkeypatch.setattr("gen.commands.report.synthesise", lambda *_, **__: {"mac": {"LUT6": 2}})
    assert main(["report", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["LUT"] == 2


def test_count_adds_instances_and_weights():
    modules = {
        "top": {"half": 2, "LUT6": 1, "FDRE": 3, "RAMB36E1": 1, "RAMB18E1": 1},
        "half": {"leaf": 4, "SRL16E": 1},
        "leaf": {"LUT2": 1, "INV": 1, "RAM32M": 1, "DSP48E1": 1, "CARRY4": 2},
    }
    assert count(modules, "top") == {
        "LUT": 1 + 2 * (1 + 4 * (1 + 1 + 4)),
        "FF": 3,
        "DSP48E1": 8,
        "CARRY4": 16,
        "RAMB18": 3,
        "RAMB36": 1,
        "LUT as shift register": 2,
        "LUT as memory": 32,
    }


def spoil_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json: No such file or directory"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "must be a JSON manifest"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "must have the key target"),
        (lambda folder: spoil_manifest(folder, files=3), "Key files of"),
        (lambda folder: spoil_manifest(folder, files=[3]), "Key files[0] of"),
        (lambda folder: spoil_manifest(folder, sha256=[]), "Key sha256 of"),
        (lambda folder: spoil_manifest(folder, sha256={}), "must have the file mac.v"),
        (lambda folder: spoil_manifest(folder, macs_per_cycle="1"), "must be an integer from 0 to"),
        (lambda folder: spoil_manifest(folder, top="mac; exec -- ls"), "Key top of"),
        (lambda folder: (folder / "manifest.json").write_text("[" * 100_000), "must be a JSON manifest"),
        (lambda folder: (folder / "mac.v").unlink(), "mac.v must be there and readable"),
        (lambda folder: (folder / "mac.v").write_text("module mac; endmodule"), "must have the SHA-256"),
    ],
)
def test_spoilt_folder_is_refused(spoil, message, tmp_path, capsys):
    assert main(["generate", "mac", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    spoil(tmp_path)
    assert main(["report", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "report.json").exists()


def test_failing_synthesis_is_one_sentence(tmp_path, capsys, monkeypatch):
    assert main(["generate", "mac", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    (tmp_path / "mac.v").write_text("module mac(; endmodule\n")
    monkeypatch.setattr("gen.verilog.manifest.sha256", lambda content: "0" * 64)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["sha256"] = dict.fromkeys(manifest["sha256"], "0" * 64)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert main(["report", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "ERROR: syntax error" in error
    assert error.count("\n") == 1
    assert {file.name for file in tmp_path.iterdir()} == {*manifest["sha256"], "manifest.json"}
