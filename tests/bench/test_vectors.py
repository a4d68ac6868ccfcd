"""The recorded training step of a layer of each kind: the golden model still gives every bit of it."""

import json

import numpy as np

from bench.vectors import PATH, packed, record


def test_recorded_step():
    with np.load(PATH, allow_pickle=False) as file:
        recorded = dict(file)
    found = packed(record())
    assert recorded.keys() == found.keys()
    assert json.loads(str(recorded["scalars"])) == json.loads(str(found["scalars"]))
    assert [name for name in found if not np.array_equal(found[name], recorded[name])] == []


def test_every_kind_is_recorded_and_alive():
    """All kinds of tensors are there, and none is all zero or saturated throughout."""
    arrays = record()
    kinds = {name.split(".")[1] for name in arrays if name[0].isdigit()}
    assert kinds >= {"y", "dz", "A", "E", "G", "W8", "BLOCK", "SHORTCUT", "m", "el", "xq", "passed", "gained"}
    for name, each in arrays.items():
        if name[0].isdigit() and name.split(".")[1] in ("A", "E", "G", "BLOCK", "SHORTCUT") and "exponent" not in name:
            assert len(np.unique(each)) > 2, name
