"""What the DMA writes into the buffers of the C-Core, one write a row of each array."""

from dataclasses import dataclass

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import WORD_PIXELS
from hw.arch.ccore.regions import ErrorRegion, InputRegion, WeightRegion

__all__ = ["InputWrites", "WeightWrites", "error_writes", "input_writes", "weight_writes"]


@dataclass(frozen=True)
class InputWrites:
    """Writes of the input buffer: bank and address [n], codes [n][pixel][c]."""

    bank: np.ndarray
    address: np.ndarray
    data: np.ndarray


@dataclass(frozen=True)
class WeightWrites:
    """Writes of the weight buffer: tap group (row, column), address and turn [n], codes [n][m]."""

    row: np.ndarray
    column: np.ndarray
    address: np.ndarray
    turn: np.ndarray
    data: np.ndarray


def _gather(tensor: np.ndarray, *index: np.ndarray) -> np.ndarray:
    """Elements of `tensor`, code 0 (the value 0) where an index is out of range."""
    index = np.broadcast_arrays(*index)
    inside = np.all([(0 <= i) & (i < size) for i, size in zip(index, tensor.shape, strict=True)], axis=0)
    return np.where(inside, tensor[tuple(np.where(inside, i, 0) for i in index)], 0)


def _grid(*sizes: int) -> list[np.ndarray]:
    return [index.ravel() for index in np.indices(sizes)]


def input_writes(region: InputRegion, tensor: np.ndarray) -> InputWrites:
    """Write `tensor`, codes [image][channel][row][column], into its region."""
    config, channels = region.config, region.config.array.channels
    image, group, y, word = _grid(region.images, region.groups, region.height, region.row)
    virtual = image * region.pitch + y + config.turn * group % config.banks
    bank, line = virtual % config.banks, virtual // config.banks
    pixel, c = np.indices((WORD_PIXELS, channels))
    image, group, y, column = (array[:, None, None] for array in (image, group, y, word * WORD_PIXELS))
    data = _gather(tensor, image, group * channels + c, y, column + pixel)
    return InputWrites(bank, region.base + group.ravel() * region.group + line * region.row + word, data)


def weight_writes(region: WeightRegion, w: np.ndarray) -> WeightWrites:
    """Write weights, codes OIHW, into their region; zero codes for the channels that pad it."""
    config, clusters = region.config, region.config.array.clusters
    if region.packed:
        # Pixels become inputs and channels become kernel columns; pixels outside of the kernel are zero.
        pixel = np.arange(region.inputs) - region.shift
        o, i, ky, kx = np.indices((region.outputs, region.inputs, region.kernel, TAPS))
        w = _gather(w, o, kx, ky, pixel[i])
    rows, columns = region.windows
    tap_rows, tap_columns = (config.blocks,) * 2 if region.pointwise else (config.array.rows, TAPS)
    lines_o = region.window // region.pitch * clusters
    a, b, row, column, block, line = _grid(rows, columns, tap_rows, tap_columns, lines_o // clusters, region.pitch)
    o = block[:, None] * clusters + np.arange(clusters)
    i, ky, kx = line[:, None], (a * tap_rows + row)[:, None], (b * tap_columns + column)[:, None]
    if region.pointwise:
        o, i = _channels(region, o, column[:, None]), _channels(region, i, row[:, None])
        ky = kx = np.zeros_like(o)
    address = region.base + (a * columns + b) * region.window + block * region.pitch + line
    return WeightWrites(row, column, address, line % clusters, _gather(w, o, i, ky, kx))


def _channels(region: WeightRegion, line, group):
    """Channel of a line of a tap group: the inverse of :meth:`WeightRegion.line`."""
    turn, rest = np.divmod(line, region.config.block)
    return (turn * region.config.blocks + group) * region.config.block + rest


def error_writes(region: ErrorRegion, e: np.ndarray, pitch: int, rows: int, first: int) -> WeightWrites:
    """Write errors, codes [image][channel][row][column], into their region.

    Grid row y of each image is row `first` + y of the tensor, for y < `rows`; the next image follows `pitch` rows on.
    """
    config, wpus = region.config, region.config.array.wpus
    clusters, width = config.array.clusters, e.shape[3]
    groups = config.blocks if region.pointwise else 1
    block, group, slot, w = _grid(region.blocks, groups, region.slots, wpus)
    flat = slot // width * wpus + w
    image, y = flat // pitch, flat % pitch
    inside = (y < rows) & (image < len(e))
    o = block[:, None] * clusters + np.arange(clusters)
    if region.pointwise:
        o = _channels(region.order, o, group[:, None])
    data = _gather(e, np.where(inside, image, -1)[:, None], o, (y + first)[:, None], (slot % width)[:, None])
    at, column = (slot, group) if region.pointwise else (slot // TAPS, slot % TAPS)
    return WeightWrites(w, column, region.base + block * region.pitch + at, 0 * block, data)
