"""Checks of the specification's parameter objects: every message names the rule and the value."""

import pytest

from gen.model.layer import Layer
from hw.arch.array.config import ARRAY_RANGES, ArrayConfig
from hw.arch.pint import PintFormat


@pytest.mark.parametrize("name", ARRAY_RANGES)
def test_init_wrong_size(name):
    low, high = ARRAY_RANGES[name]
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"Array {name} must be {low} to {high}, not {value}"):
            ArrayConfig(**{name: value})
    with pytest.raises(TypeError, match=f"Array {name} must be an integer, not 2.0"):
        ArrayConfig(**{name: 2.0})


def test_init_wrong_array():
    with pytest.raises(TypeError, match="Array pint must be a PintFormat, not 8"):
        ArrayConfig(pint=8)
    with pytest.raises(ValueError, match="Array mac must be one of dsp, shift, generic, not 'lut'"):
        ArrayConfig(mac="lut")


@pytest.mark.parametrize(
    ("k", "d", "message"),
    [
        (3, 1, "PINT k must be 4 to 10, not 3"),
        (11, 1, "PINT k must be 4 to 10, not 11"),
        (8, 0, "PINT d must be 1 to k-3 = 5, not 0"),
        (8, 6, "PINT d must be 1 to k-3 = 5, not 6"),
    ],
)
def test_init_wrong_pint(k, d, message):
    with pytest.raises(ValueError, match=message):
        PintFormat(k, d)


def test_init_wrong_pint_kind():
    with pytest.raises(TypeError, match="PINT d must be an integer, not '3'"):
        PintFormat(8, "3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch": 0}, "Layer batch must be at least 1, not 0"),
        ({"stride": 3}, "Layer stride must be 1 or 2, not 3"),
        ({"padding": -1}, "Layer padding must be at least 0, not -1"),
        ({"kernel": 3}, "Layer kernel must be at most the padded input, not 3 on 1x1 with padding 0"),
    ],
)
def test_init_wrong_layer(arguments, message):
    with pytest.raises(ValueError, match=message):
        Layer(**({"batch": 1, "in_channels": 1, "out_channels": 1} | arguments))


def test_sizes():
    assert ArrayConfig().macs == 1728
    assert [ArrayConfig(rows=rows, wpus=2).beats for rows in (1, 2, 3, 5)] == [1, 1, 2, 3]
    assert PintFormat(8, 3).value_width == 13
    assert (PintFormat(8, 3).min, PintFormat(8, 3).max) == (-4096, 4032)
    assert (PintFormat(10, 7).value_width, PintFormat(4, 1).max) == (17, 12)
