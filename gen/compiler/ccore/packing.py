"""Packed kernels: the pixels of a row of the kernel take the columns of the array, its channels the taps."""

from gen.model.layer import Layer
from hw.arch.array.config import TAPS
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig

__all__ = ["packed_pixels", "packed_shift", "packs"]


def packed_pixels(config: CCoreConfig) -> int:
    """Pixels of a packed window: whole words of them, a pixel a column."""
    return config.array.channels // WORD_PIXELS * WORD_PIXELS


def packed_shift(layer: Layer, config: CCoreConfig) -> int:
    """Column of the array that takes the first kernel column of a packed kernel; negative if it does not fit."""
    newest = layer.kernel - 1 - layer.padding
    return packed_pixels(config) - WORD_PIXELS * (newest // WORD_PIXELS + 1) - layer.padding


def packs(layer: Layer, config: CCoreConfig) -> bool:
    """Whether the kernel is packed: at stride 2, for at most three channels, where it saves passes.

    A row of 7 taps is one pass instead of three. Source: architecture.md, Section 3, pattern "7x7 s2, C=3".
    """
    return (
        layer.stride == 2
        and layer.in_channels <= TAPS < layer.kernel
        and packed_pixels(config) >= 2 * WORD_PIXELS
        and packed_shift(layer, config) >= 0
    )
