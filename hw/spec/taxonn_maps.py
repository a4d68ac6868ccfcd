"""Convolutions of a TaxoNN machine, and the notation for its layers."""

import re
from dataclasses import dataclass

from .integers import check_integer

__all__ = ["Convolution", "parse_layers"]

_RANGES = {
    "height": (1, 255),
    "width": (1, 255),
    "channels": (1, 255),
    "filters": (1, 255),
    "kernel": (1, 11),
    "padding": (0, 10),
    "pool": (1, 4),
}
_WORDS = 4095


@dataclass(frozen=True)
class Convolution:
    """A convolution of stride 1 and the maximum over windows of its sums; maps go row, column, channel.

    Output (r, q, m) is f(max over dy, dx of z(P r + dy, P q + dx, m)) with, in padded coordinates,
    z(y, x, m) = bias[m] + sum over i, c, j of W[m][i][c][j] X(y + i, x + j, c). As f never falls, that is the
    maximum of f(z).
    Rows and columns of sums that fill no window are left out.

    Parameters
    ----------
    height, width, channels : int
        h, w, d: the input.
    filters : int
        M.
    kernel : int
        k, at most the padded input.
    padding : int
        p on each side, below k.
    pool : int
        P, side of the windows; 1 for none.

    Raises
    ------
    TypeError
        If one is not an integer.
    ValueError
        If one is out of range or does not fit the others.
    """

    height: int
    width: int
    channels: int
    filters: int
    kernel: int
    padding: int = 0
    pool: int = 1

    def __post_init__(self):
        for name, limits in _RANGES.items():
            check_integer(f"Convolution {name}", getattr(self, name), *limits)
        if self.padding >= self.kernel:
            raise ValueError(f"Convolution padding must be below the kernel {self.kernel}, not {self.padding}")
        if min(self.height, self.width) + 2 * self.padding < self.kernel:
            size = f"{self.height}x{self.width}"
            raise ValueError(f"Convolution kernel must be at most the padded input {size}, not {self.kernel}")
        if min(self.rows, self.columns) < self.pool:
            sums = f"{self._valid(self.height)}x{self._valid(self.width)}"
            raise ValueError(f"Pool must be at most the {sums} sums of its convolution, not {self.pool}")
        for name, value in {"inputs": self.inputs, "outputs": self.outputs, "weights of a filter": self.taps}.items():
            check_integer(f"Convolution {name}", value, 1, _WORDS)

    def _valid(self, size: int) -> int:
        return size + 2 * self.padding - self.kernel + 1

    @property
    def rows(self) -> int:
        """Rows of sums, those that fill windows."""
        return self._valid(self.height) // self.pool * self.pool

    @property
    def columns(self) -> int:
        """Columns of sums, those that fill windows."""
        return self._valid(self.width) // self.pool * self.pool

    @property
    def pooled(self) -> tuple[int, int]:
        """Rows and columns of the output."""
        return self.rows // self.pool, self.columns // self.pool

    @property
    def inputs(self) -> int:
        """Words of the input."""
        return self.height * self.width * self.channels

    @property
    def outputs(self) -> int:
        """Words of the output."""
        return self.pooled[0] * self.pooled[1] * self.filters

    @property
    def lane(self) -> int:
        """k d, the weights of one row of a filter, which a PE holds."""
        return self.kernel * self.channels

    @property
    def taps(self) -> int:
        """k k d, the weights of a filter in the order kernel row, channel, kernel column; the bias follows."""
        return self.kernel * self.lane

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Number of the PE, and word in it, of weight `column` of filter `row`; the bias is with kernel row 0."""
        if column == self.taps:
            return row * self.kernel, self.lane
        return row * self.kernel + column // self.lane, column % self.lane


def parse_layers(text: str) -> tuple[tuple[int, ...], tuple[Convolution, ...]]:
    """Return sizes and convolutions of a notation such as `64,32,10` or `28x28x1,conv6k5p2,pool2,120,10`.

    The first entry is the number of inputs, or height x width x channels; convMkK is a convolution of M filters K x K,
    convMkKpP with padding P; poolP takes the maximum over P x P; a number is a fully connected layer.

    Raises
    ------
    ValueError
        If an entry cannot be read or is out of place.
    """
    first, *entries = (entry.strip() for entry in text.split(","))
    if shape := _numbers(r"(\d+)x(\d+)x(\d+)", first):
        inputs = shape[0] * shape[1] * shape[2]
    elif size := _numbers(r"(\d+)", first):
        inputs = size[0]
    else:
        raise ValueError(f"Layers must begin with a size such as 64 or 28x28x1, not {first!r}")
    convolutions, sizes = [], []
    while entries:
        entry = entries.pop(0)
        if size := _numbers(r"(\d+)", entry):
            sizes += size
        elif numbers := _numbers(r"conv(\d+)k(\d+)(?:p(\d+))?", entry):
            if not shape or sizes:
                raise ValueError(f"A convolution must come after maps such as 28x28x1, unlike {entry!r}")
            pool = _numbers(r"pool(\d+)", entries[0]) if entries else None
            convolutions.append(Convolution(*shape, *numbers, *(pool or (1,))))
            shape = (*convolutions[-1].pooled, convolutions[-1].filters)
            del entries[: 1 if pool else 0]
        elif entry.startswith("pool"):
            raise ValueError(f"A pool such as pool2 must come right after a convolution, unlike {entry!r}")
        else:
            raise ValueError(f"A layer must be a size, convMkK, convMkKpP or poolP, not {entry!r}")
    return (inputs, *(maps.outputs for maps in convolutions), *sizes), tuple(convolutions)


def _numbers(pattern: str, entry: str) -> tuple[int, ...] | None:
    """Return the numbers of an entry of that pattern, a missing one as 0."""
    match = re.fullmatch(pattern, entry[:40], re.ASCII)
    return match and tuple(int(each or 0) for each in match.groups())
