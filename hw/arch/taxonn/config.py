"""The user's configuration of a TaxoNN machine: layers, formats and activations, checked once and frozen."""

import enum
import re
from dataclasses import dataclass

from hw.arch.checks import check_integer

from ..checks import ConfigError
from .maps import Convolution

__all__ = [
    "Activation",
    "ERROR",
    "FixedFormat",
    "INPUT",
    "NOISE_BITS",
    "RATE_SHIFT",
    "Rounding",
    "TaxonnConfig",
    "WEIGHT",
]

#: Bits of rounding noise of one element, the low bits of H (numerics.md Section 2).
NOISE_BITS = 8
#: Classes of elements that are rounded with noise.
WEIGHT, ERROR, INPUT = 0, 1, 2

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
    """Rounding to the nearest code, half up, or with noise."""

    NEAREST = "nearest"
    STOCHASTIC = "stochastic"


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
    ConfigError
        If one is out of range.

    Source: TaxoNN, Section V-A (its widths do not say where the sign is; here it is a bit of its own).
    """

    integer: int
    fraction: int

    def __post_init__(self):
        check_integer("Integer bits of a format", self.integer, *_INTEGER)
        check_integer("Fraction bits of a format", self.fraction, *_FRACTION)
        if self.width > _WIDTH:
            raise ConfigError(f"Width 1+I+F of a format must be at most {_WIDTH}, not {self.width}")

    @classmethod
    def parse(cls, text: str) -> "FixedFormat":
        """Return the format of a text such as `2,12`."""
        match = re.fullmatch(r"(\d{1,3}),(\d{1,3})", text.strip(), re.ASCII)
        if match is None:
            raise ConfigError(f"A format must be two integers I,F such as 2,12, not {text!r}")
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
    """A network of layers i = 1..n with N_0 inputs and N_1, .., N_n outputs; the first may be convolutions.

    Parameters
    ----------
    layers : tuple of int
        N_0 .. N_n, each 1 to 4095, n from 1 to 8.
    activations : tuple of Activation
        One a layer; a single one stands for all layers.
    formats : tuple of FixedFormat
        One a layer; a single one stands for all layers. The input has the format of layer 1.
    rounding : Rounding
        Of weights in their update, and of errors that go to a layer of another format.
    conversion : Rounding
        Of outputs that go to a layer with fewer fraction bits, in samples that train; in others to the nearest.
    convolutions : tuple of Convolution
        Layers 1, 2, .. that are convolutions with their pooling, whose inputs and outputs are N_{i-1} and N_i; the
        others are fully connected, the last one always.

    Raises
    ------
    TypeError
        If a value is of the wrong kind.
    ConfigError
        If a value is out of range, the counts differ, softmax is not last or a convolution does not fit.
    """

    layers: tuple[int, ...]
    activations: tuple[Activation, ...]
    formats: tuple[FixedFormat, ...]
    rounding: Rounding = Rounding.STOCHASTIC
    convolutions: tuple[Convolution, ...] = ()
    conversion: Rounding = Rounding.NEAREST

    def __post_init__(self):
        for size in self.layers:
            check_integer("Size of a layer", size, *_SIZE)
        check_integer("Number of layers after the input", len(self.layers) - 1, *_LAYERS)
        try:
            activations = tuple(Activation(name) for name in self.activations)
        except ValueError:
            wrong = next(name for name in self.activations if name not in list(Activation))
            raise ConfigError(f"An activation must be one of {', '.join(Activation)}, not {wrong!r}") from None
        for each in self.formats:
            if not isinstance(each, FixedFormat):
                raise TypeError(f"A format must be a FixedFormat, not {each!r}")
        for name, values in (("activations", activations), ("formats", tuple(self.formats))):
            if len(values) not in (1, self.depth):
                raise ConfigError(f"There must be 1 or {self.depth} {name}, one a layer, not {len(values)}")
            object.__setattr__(self, name, values if len(values) == self.depth else values * self.depth)
        if Activation.SOFTMAX in self.activations[:-1]:
            raise ConfigError("softmax must be the activation of the last layer only")
        for name in ("rounding", "conversion"):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, Rounding(value))
            except ValueError:
                raise ConfigError(f"{name.title()} must be one of {', '.join(Rounding)}, not {value!r}") from None
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "convolutions", tuple(self.convolutions))
        self._check_convolutions()

    def _check_convolutions(self):
        if len(self.convolutions) > self.depth - 1:
            raise ConfigError("The last layer must be fully connected, not a convolution")
        for i, maps in enumerate(self.convolutions):
            sizes = (maps.inputs, maps.outputs)
            expected = self.layers[i : i + 2]
            if sizes != expected:
                raise ConfigError(f"Convolution {i + 1} must have the layer's sizes {expected}, not {sizes}")

    @property
    def maps(self) -> tuple[Convolution | None, ...]:
        """The convolution of each layer, None where it is fully connected."""
        return (*self.convolutions, *(None,) * (self.depth - len(self.convolutions)))

    @property
    def fan_in(self) -> tuple[int, ...]:
        """Weights of a neuron of each layer, without its bias."""
        return tuple(maps.taps if maps else size for maps, size in zip(self.maps, self.layers, strict=False))

    def place(self, layer: int, row: int, column: int) -> tuple[int, int]:
        """Row and column at the machine's port of weight `column` of neuron or filter `row`; layers count from 0."""
        maps = self.maps[layer]
        return maps.place(row, column) if maps else (row, column)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of the weights of each layer, the bias included."""
        return tuple((rows, size + 1) for rows, size in zip(self.rows, self.fan_in, strict=True))

    @property
    def pes(self) -> tuple[int, ...]:
        """PEs of each layer: one a neuron, or one a kernel row of a filter."""
        return tuple(rows * (maps.kernel if maps else 1) for maps, rows in zip(self.maps, self.rows, strict=True))

    @property
    def words(self) -> tuple[int, ...]:
        """Words of a PE of each layer, the bias included."""
        return tuple(1 + (maps.lane if maps else size) for maps, size in zip(self.maps, self.layers, strict=False))

    @property
    def rows(self) -> tuple[int, ...]:
        """Neurons of each layer that have weights of their own: filters, or outputs."""
        return tuple(maps.filters if maps else size for maps, size in zip(self.maps, self.layers[1:], strict=True))

    @property
    def depth(self) -> int:
        """n, the number of layers with weights."""
        return len(self.layers) - 1
