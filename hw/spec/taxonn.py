"""The user's configuration of a TaxoNN machine: layers, formats and activations, checked once and frozen."""

import enum
import re
from dataclasses import dataclass

__all__ = ["Activation", "FixedFormat", "Rounding", "TaxonnConfig", "NOISE_BITS", "RATE_SHIFT"]

#: Bits of rounding noise of one element, the low bits of H (numerics.md Section 2).
NOISE_BITS = 8

#: The learning-rate register of a layer of format (I, F) holds alpha in units of 2^-(F + RATE_SHIFT).
RATE_SHIFT = 3

_INTEGER, _FRACTION, _WIDTH = (1, 8), (4, 16), 25
_SIZE, _LAYERS = (1, 4095), (1, 8)


class Activation(enum.StrEnum):
    """Activation function of a layer; `softmax` only in the last, with cross-entropy as its loss."""

    RELU = "relu"
    SIGMOID = "sigmoid"
    TANH = "tanh"
    LINEAR = "linear"
    SOFTMAX = "softmax"


class Rounding(enum.StrEnum):
    """Rounding of weights in their update and of errors that go to a layer of another format."""

    NEAREST = "nearest"
    STOCHASTIC = "stochastic"


def _integer(name: str, value, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value}")


@dataclass(frozen=True)
class FixedFormat:
    """Fixed point (I, F): a sign, I integer and F fraction bits; -2^I to 2^I - 2^-F in steps of 2^-F.

    Parameters
    ----------
    integer : int
        I, 1 to 8; so 1.0 has a code.
    fraction : int
        F, 4 to 16; 1 + I + F at most 25, the wide side of a DSP48E1.

    Raises
    ------
    TypeError
        If one is not an integer.
    ValueError
        If one is out of range.

    Source: TaxoNN, Section V-A (its widths do not say where the sign is; here it is a bit of its own).
    """

    integer: int
    fraction: int

    def __post_init__(self):
        _integer("Integer bits of a format", self.integer, *_INTEGER)
        _integer("Fraction bits of a format", self.fraction, *_FRACTION)
        if self.width > _WIDTH:
            raise ValueError(f"Width 1+I+F of a format must be at most {_WIDTH}, not {self.width}")

    @classmethod
    def parse(cls, text: str) -> "FixedFormat":
        """Return the format of a text such as `2,12`."""
        match = re.fullmatch(r"(\d{1,3}),(\d{1,3})", text.strip(), re.ASCII)
        if match is None:
            raise ValueError(f"A format must be two integers I,F such as 2,12, not {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def width(self) -> int:
        """Bits of a code, sign included."""
        return 1 + self.integer + self.fraction

    @property
    def low(self) -> int:
        """Least code."""
        return -(1 << self.width - 1)

    @property
    def high(self) -> int:
        """Greatest code."""
        return (1 << self.width - 1) - 1

    @property
    def one(self) -> int:
        """Code of 1.0."""
        return 1 << self.fraction

    def __str__(self):
        return f"{self.integer},{self.fraction}"


@dataclass(frozen=True)
class TaxonnConfig:
    """A network of fully connected layers i = 1..n with sizes N_0 (inputs), N_1, .., N_n.

    Parameters
    ----------
    layers : tuple of int
        N_0 .. N_n, each 1 to 4095, n from 1 to 8.
    activations : tuple of Activation
        One a layer; a single one stands for all layers.
    formats : tuple of FixedFormat
        One a layer; a single one stands for all layers. The input has the format of layer 1.
    rounding : Rounding

    Raises
    ------
    TypeError
        If a value is of the wrong kind.
    ValueError
        If a value is out of range, the counts differ or softmax is not last.
    """

    layers: tuple[int, ...]
    activations: tuple[Activation, ...]
    formats: tuple[FixedFormat, ...]
    rounding: Rounding = Rounding.STOCHASTIC

    def __post_init__(self):
        for size in self.layers:
            _integer("Size of a layer", size, *_SIZE)
        _integer("Number of layers after the input", len(self.layers) - 1, *_LAYERS)
        try:
            activations = tuple(Activation(name) for name in self.activations)
        except ValueError:
            wrong = next(name for name in self.activations if name not in list(Activation))
            raise ValueError(f"An activation must be one of {', '.join(Activation)}, not {wrong!r}") from None
        for each in self.formats:
            if not isinstance(each, FixedFormat):
                raise TypeError(f"A format must be a FixedFormat, not {each!r}")
        for name, values in (("activations", activations), ("formats", tuple(self.formats))):
            if len(values) not in (1, self.depth):
                raise ValueError(f"There must be 1 or {self.depth} {name}, one a layer, not {len(values)}")
            object.__setattr__(self, name, values if len(values) == self.depth else values * self.depth)
        if Activation.SOFTMAX in self.activations[:-1]:
            raise ValueError("softmax must be the activation of the last layer only")
        try:
            object.__setattr__(self, "rounding", Rounding(self.rounding))
        except ValueError:
            raise ValueError(f"Rounding must be one of {', '.join(Rounding)}, not {self.rounding!r}") from None
        object.__setattr__(self, "layers", tuple(self.layers))

    @property
    def depth(self) -> int:
        """n, the number of layers with weights."""
        return len(self.layers) - 1
