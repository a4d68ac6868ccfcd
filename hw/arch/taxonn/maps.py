"""Convolutions of a TaxoNN machine, and the notation for its layers."""

import re
from dataclasses import dataclass

from hw.arch.checks import check_integer

from ..checks import ConfigError

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
    """A convolution of stride 1 and the maximum or average over windows of its sums; maps go row, column, channel.

    Output (r, q, m) is f(max or mean over dy, dx of z(P r + dy, P q + dx, m)) with, in padded coordinates,
    z(y, x, m) = bias[m] + sum over i, c, j of W[m][i][c][j] X(y + i, x + j, c). The maximum of the sums is that of
    f(z), for f never falls; the average is that of the sums, before f.
    Rows and columns of sums that fill no window are left out.

    The mean is S r / 2^(a + W) of the exact sum S of a window, with a = ceil(log2 P P), W the bits of a code and
    r = round(2^(a + W) / P P): exact for P = 2 and 4, and for 3 off by less than a sixth of a code step; then it is
    rounded, once. On the way back every sum of a window has G: f' is multiplied by 2^a / P P (1, or 16/9 for P = 3),
    and G then stands for G / 2^a, with a more fraction bits, so that no bit of it is lost.

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
    average : bool
        Whether the average of a window is taken, else its maximum.

    Raises
    ------
    TypeError
        If one is of the wrong kind.
    ConfigError
        If one is out of range or does not fit the others.
    """

    height: int
    width: int
    channels: int
    filters: int
    kernel: int
    padding: int = 0
    pool: int = 1
    average: bool = False

    def __post_init__(self):
        if not isinstance(self.average, bool):
            raise TypeError(f"Convolution average must be True or False, not {self.average!r}")
        for name, limits in _RANGES.items():
            check_integer(f"Convolution {name}", getattr(self, name), *limits)
        if self.padding >= self.kernel:
            raise ConfigError(f"Convolution padding must be below the kernel {self.kernel}, not {self.padding}")
        if min(self.height, self.width) + 2 * self.padding < self.kernel:
            size = f"{self.height}x{self.width}"
            raise ConfigError(f"Convolution kernel must be at most the padded input {size}, not {self.kernel}")
        if min(self.rows, self.columns) < self.pool:
            sums = f"{self._valid(self.height)}x{self._valid(self.width)}"
            raise ConfigError(f"Pool must be at most the {sums} sums of its convolution, not {self.pool}")
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
    def places(self) -> int:
        """Places in a window where the sum that has the G may be; 1 for an average, all of whose sums have it."""
        return 1 if self.average else self.pool**2

    @property
    def spread(self) -> int:
        """a, the bits by which the G of each sum is less than that of its output."""
        return (self.pool**2 - 1).bit_length() if self.average else 0

    @property
    def averaged(self) -> int:
        """Number of sums of which a mean is taken: P P, or 1."""
        return self.pool**2 if self.average else 1

    def mean(self, width: int) -> tuple[int, int]:
        """Return r and the bits that are cut of S r, for codes of `width` bits; r is 1 where the mean is exact."""
        if self.averaged == 1 << self.spread:
            return 1, self.spread
        return self._share(self.spread + width), self.spread + width

    def slope(self, fraction: int) -> int:
        """2^a / P P, by which f' is multiplied, with `fraction` fraction bits."""
        return self._share(self.spread + fraction)

    def _share(self, bits: int) -> int:
        """2^bits / P P, by nearest."""
        return ((2 << bits) // self.averaged + 1) // 2

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
    convMkKpP with padding P; poolP takes the maximum over P x P, avgP the average; a number is a fully connected layer.

    Raises
    ------
    ConfigError
        If an entry cannot be read or is out of place.
    """
    first, *entries = (entry.strip() for entry in text.split(","))
    if shape := _numbers(r"(\d+)x(\d+)x(\d+)", first):
        inputs = shape[0] * shape[1] * shape[2]
    elif size := _numbers(r"(\d+)", first):
        inputs = size[0]
    else:
        raise ConfigError(f"Layers must begin with a size such as 64 or 28x28x1, not {first!r}")
    convolutions, sizes = [], []
    while entries:
        entry = entries.pop(0)
        if size := _numbers(r"(\d+)", entry):
            sizes += size
        elif numbers := _numbers(r"conv(\d+)k(\d+)(?:p(\d+))?", entry):
            if not shape or sizes:
                raise ConfigError(f"A convolution must come after maps such as 28x28x1, unlike {entry!r}")
            pool, average = (_numbers(rf"{kind}(\d+)", entries[0]) if entries else None for kind in ("pool", "avg"))
            values = (*shape, *numbers, *(pool or average or (1,)))
            convolutions.append(Convolution(*values, average=average is not None))
            shape = (*convolutions[-1].pooled, convolutions[-1].filters)
            del entries[: 1 if pool or average else 0]
        elif entry.startswith(("pool", "avg")):
            raise ConfigError(f"A pool such as pool2 must come right after a convolution, unlike {entry!r}")
        else:
            raise ConfigError(f"A layer must be a size, convMkK, convMkKpP, poolP or avgP, not {entry!r}")
    return (inputs, *(maps.outputs for maps in convolutions), *sizes), tuple(convolutions)


def _numbers(pattern: str, entry: str) -> tuple[int, ...] | None:
    """Return the numbers of an entry of that pattern, a missing one as 0."""
    match = re.fullmatch(pattern, entry[:40], re.ASCII)
    return match and tuple(int(each or 0) for each in match.groups())
