"""Shape of a key layer (CONV or FC) and the phases of its training."""

import enum
from dataclasses import dataclass

from hw.arch.checks import ConfigError

__all__ = ["Layer", "Phase"]


class Phase(enum.StrEnum):
    """What is computed of a layer."""

    FP = "FP"  #: forward
    BP = "BP"  #: error of the input
    WG = "WG"  #: weight gradient


@dataclass(frozen=True)
class Layer:
    """A convolution of a square kernel; FC is a 1x1 kernel on 1x1 maps.

    Parameters
    ----------
    batch, in_channels, out_channels, height, width : int
        At least 1; height and width are those of the input.
    kernel, stride, padding : int
        Stride 1 or 2. Padding is symmetric and must leave at least one output row and column.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    batch: int
    in_channels: int
    out_channels: int
    height: int = 1
    width: int = 1
    kernel: int = 1
    stride: int = 1
    padding: int = 0

    def __post_init__(self):
        for name in ("batch", "in_channels", "out_channels", "height", "width", "kernel"):
            if getattr(self, name) < 1:
                raise ConfigError(f"Layer {name} must be at least 1, not {getattr(self, name)!r}")
        if self.stride not in (1, 2):
            raise ConfigError(f"Layer stride must be 1 or 2, not {self.stride!r}")
        if self.padding < 0:
            raise ConfigError(f"Layer padding must be at least 0, not {self.padding!r}")
        if min(self.height, self.width) + 2 * self.padding < self.kernel:
            raise ConfigError(
                f"Layer kernel must be at most the padded input, not {self.kernel} on "
                f"{self.height}x{self.width} with padding {self.padding}"
            )

    @property
    def out_height(self) -> int:
        """Rows of the output."""
        return (self.height + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_width(self) -> int:
        """Columns of the output."""
        return (self.width + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def x_shape(self) -> tuple[int, int, int, int]:
        """Shape of the input, NCHW."""
        return (self.batch, self.in_channels, self.height, self.width)

    @property
    def w_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weights, OIHW."""
        return (self.out_channels, self.in_channels, self.kernel, self.kernel)

    @property
    def e_shape(self) -> tuple[int, int, int, int]:
        """Shape of the output and of its error, NCHW."""
        return (self.batch, self.out_channels, self.out_height, self.out_width)

    def result_shape(self, phase: Phase) -> tuple[int, int, int, int]:
        """Shape of what a phase computes."""
        return {Phase.FP: self.e_shape, Phase.BP: self.x_shape, Phase.WG: self.w_shape}[phase]

    @property
    def macs(self) -> int:
        """Products of one phase without those of inserted or skipped zeros; products with the padding count."""
        return self.batch * self.out_channels * self.out_height * self.out_width * self.in_channels * self.kernel**2

    def __str__(self):
        return (
            f"{self.batch}x{self.in_channels}x{self.height}x{self.width} -> {self.out_channels}, "
            f"{self.kernel}x{self.kernel} stride {self.stride} padding {self.padding}"
        )
