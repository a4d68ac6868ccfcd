"""Checks of what users ask for: the form of a file, and which errors become a sentence."""

import re

import pytest

from gen.cli import main
from hw.arch.checks import ConfigError, check_form, check_integer

FORM = {
    "name": re.compile(r"\w+"),
    "count": range(1, 10),
    "kind": frozenset({"a", "b"}),
    "rate": float,
    "reset": (None, {"port": str}),
    "files": [{"name": str, "last": bool}],
    "digests": {str: str},
}


def right():
    files = [{"name": "a.v", "last": True}]
    return {"name": "x", "count": 9, "kind": "a", "rate": 1, "reset": None, "files": files, "digests": {"a.v": "0"}}


def test_a_right_value_passes_with_more_keys():
    check_form("file", right() | {"more": 1, "reset": {"port": "rst"}}, FORM)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"name": "x y"}, r"Key name of file must be a text of the form \w+, not 'x y'"),
        ({"name": 1}, r"Key name of file must be a text of the form \w+, not 1"),
        ({"count": 10}, "Key count of file must be an integer from 1 to 9, not 10"),
        ({"count": True}, "Key count of file must be an integer from 1 to 9, not True"),
        ({"count": 2.0}, "Key count of file must be an integer from 1 to 9, not 2.0"),
        ({"kind": "c"}, "Key kind of file must be one of a, b, not 'c'"),
        ({"rate": float("nan")}, "Key rate of file must be a finite number, not nan"),
        ({"rate": None}, "Key rate of file must be a finite number, not None"),
        ({"reset": {}}, "file must have the key reset.port"),
        ({"reset": 0}, "Key reset of file must be an object, not 0"),
        ({"files": 3}, "Key files of file must be a list, not 3"),
        ({"files": [{"name": "a", "last": 1}]}, "Key files[0].last of file must be true or false, not 1"),
        ({"digests": {"a.v": []}}, "Key digests.a.v of file must be a text, not []"),
        ({"digests": list(range(99))}, f"Key digests of file must be an object, not {str(list(range(99)))[:37]}..."),
    ],
)
def test_a_wrong_value_is_named_with_key_and_rule(change, sentence):
    with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}$"):
        check_form("file", right() | change, FORM)


def test_a_file_of_another_kind_and_a_missing_key():
    with pytest.raises(ConfigError, match=r"^file must be an object, not \[\]$"):
        check_form("file", [], FORM)
    with pytest.raises(ConfigError, match=r"^file must have the key kind$"):
        check_form("file", {"name": "x", "count": 1}, FORM)


def test_integers():
    check_integer("Size", 3, 1, 3)
    with pytest.raises(ConfigError, match=r"^Size must be 1 to 3, not 4$"):
        check_integer("Size", 4, 1, 3)
    with pytest.raises(TypeError, match=r"^Size must be an integer, not True$"):
        check_integer("Size", True, 1, 3)


def test_only_mistakes_of_the_user_become_a_sentence(monkeypatch, tmp_path):
    def fault(*_):
        raise ValueError("a fault of the program")

    monkeypatch.setattr("gen.commands.generate.array_of", fault)
    with pytest.raises(ValueError, match="a fault of the program"):
        main(["generate", "mac", "--out", str(tmp_path)])
