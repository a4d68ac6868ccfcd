"""How a phase of a layer runs on the array: its pattern, the grid of its slots and the windows of its kernel."""

from dataclasses import dataclass
from functools import cached_property

from gen.model.layer import Layer, Phase
from hw.arch.array.control import Ports
from hw.arch.ccore.config import CCoreConfig, Shuffle
from hw.arch.ccore.descriptor import Code

from .packing import packs
from .windows import Window, conv_windows, packed_windows, point_window, rotated_windows, split_windows

__all__ = ["Pattern", "pattern_of"]


@dataclass(frozen=True)
class Pattern:
    """A phase of a layer as the array runs it (architecture.md, Section 3).

    The slots run over a grid of `rows` x `columns` an image. FP and WG read the input `stride` pixels apart, on the
    grid of the output; BP reads the error on the grid of the input, at stride 2 on that of its even pixels.

    Parameters
    ----------
    config : CCoreConfig
    layer : Layer
    phase : Phase
    packed : bool
        Whether pixels take the columns of the array (:mod:`gen.compiler.ccore.packing`).
    """

    config: CCoreConfig
    layer: Layer
    phase: Phase
    packed: bool = False

    @property
    def point(self) -> bool:
        """Whether rows and taps of the array take blocks of channels: 1x1 and FC."""
        return self.layer.kernel == 1 and self.layer.padding == 0

    @property
    def split(self) -> bool:
        """Whether a slot gives four results, one of each parity of row and column."""
        return self.phase == Phase.BP and self.layer.stride == 2 and not self.point

    @property
    def code(self) -> Code:
        """Code of the pattern in a descriptor."""
        kind = "POINT" if self.point else "PACKED" if self.packed else f"S{self.layer.stride}"
        return Code[f"{self.phase}_{kind}"]

    @property
    def stride(self) -> int:
        """Pixels of the read tensor from slot to slot."""
        return 1 if self.phase == Phase.BP else self.layer.stride

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the grid, an image."""
        layer = self.layer
        if self.phase != Phase.BP or self.point:
            return layer.out_height, layer.out_width
        if self.split:
            return -(-layer.height // 2), -(-layer.width // 2)
        return layer.height, layer.width

    @property
    def read(self) -> tuple[int, int, int]:
        """Channels, height and width of the read tensor."""
        layer = self.layer
        if self.phase == Phase.BP:
            return layer.out_channels, layer.out_height, layer.out_width
        return layer.in_channels, layer.height, layer.width

    @property
    def gives(self) -> int:
        """Channels of the result: those that clusters take."""
        return self.layer.in_channels if self.phase == Phase.BP else self.layer.out_channels

    @cached_property
    def windows(self) -> list[Window]:
        """Windows of the kernel: one pass of each covers it."""
        kernel, padding, rows = self.layer.kernel, self.layer.padding, self.config.array.rows
        gradient = self.phase == Phase.WG
        ports = Ports.GRADIENT if gradient else Ports.TOTAL
        if self.point:
            shuffle = Shuffle.TRANSPOSED if self.phase == Phase.BP else Shuffle.DIRECT
            return [point_window(rows, self.config.blocks, ports if gradient else Ports.TAPS, shuffle)]
        if self.split:
            return split_windows(kernel, padding, padding, rows)
        if self.phase == Phase.BP:
            return rotated_windows(kernel, padding, padding, rows)
        return (packed_windows if self.packed else conv_windows)(kernel, padding, padding, rows, ports)

    @property
    def spread(self) -> bool:
        """Whether every window gives totals, which are spread over the ports."""
        return all(window.ports == Ports.TOTAL and window.bank < 0 for window in self.windows)

    @property
    def reach(self) -> tuple[int, int]:
        """First and last row of the read tensor that a grid row needs, from stride * grid row."""
        used = [o for window in self.windows for o, y in zip(window.offset, window.row, strict=True) if y >= 0]
        return min(used), max(used)


def pattern_of(layer: Layer, phase: Phase, config: CCoreConfig, packed: bool | None = None) -> Pattern:
    """The pattern of a phase of a layer.

    `packed` by default where :func:`gen.compiler.ccore.packing.packs` says so; BP and 1x1 layers never are.
    """
    if phase == Phase.BP or (layer.kernel == 1 and layer.padding == 0):
        packed = False
    return Pattern(config, layer, phase, packs(layer, config) if packed is None else packed)
