"""From what the C-Core drains to results in the shape of tensors."""

from collections.abc import Sequence

import numpy as np

from gen.compiler.ccore.command import Command
from gen.compiler.ccore.packing import packed_shift
from gen.model.layer import Phase
from hw.arch.array.config import TAPS
from hw.arch.ccore.config import CCoreConfig, Lanes

from .machine import Drained
from .order import NOTHING

__all__ = ["collect"]


def collect(command: Command, drained: Sequence[Drained]) -> np.ndarray:
    """Results of a descriptor in the shape `layer.result_shape(phase)`; what nothing was drained for is zero."""
    result = np.zeros(command.layer.result_shape(command.phase), np.int64)
    place = _gradient_place if command.phase == Phase.WG else _map_place
    for each in drained:
        index = np.broadcast_arrays(*place(command, each))
        keep = np.logical_and.reduce([(0 <= i) & (i < size) for i, size in zip(index, result.shape, strict=True)])
        result[tuple(i[keep] for i in index)] = each.data[keep]
    return result


def _line_channel(config: CCoreConfig, line, group):
    """Channel of a line of a tap group of a 1x1 layer, -1 of a group that holds none."""
    turn, rest = np.divmod(line, config.block)
    return np.where(group < config.blocks, (turn * config.blocks + group) * config.block + rest, -1)


def _map_place(command: Command, each: Drained):
    """Image, channel, row and column of each sum, to be broadcast to [beat][m][w]; row -1 where masked."""
    array, order = command.config.array, each.order
    channel = (each.block * array.clusters + np.arange(array.clusters))[None, :, None]
    if order.tap.max() != NOTHING:
        channel = _line_channel(command.config, channel, order.tap[:, None, None])
    y, x = order.row + command.first, order.x
    if order.py.max() != NOTHING:
        y, x = 2 * y + order.py[:, None], 2 * x + order.px
    elif command.phase == Phase.BP:
        # A 1x1 layer gives the pixels that it read; the others are zero.
        y, x = command.layer.stride * y, command.layer.stride * x
    y = np.where(order.mask, y, -1)
    return order.image[:, None, None], channel, y[:, None, :], x[:, None, None]


def _gradient_place(command: Command, each: Drained):
    """Output, input, row and column of each sum of the kernel, to be broadcast to [beat][m][w]; -1 where there is none.

    Pass by pass, column channels-1 first, `beats` beats a column.
    """
    config, array, header, order = command.config, command.config.array, command.header, each.order
    word, beat = np.divmod(order.address, array.beats)
    number, column = np.divmod(word, array.channels)
    number, entry = np.divmod(number, len(command.entries))
    m, block = np.divmod(number, header["c_blocks"])
    r = (beat[:, None] * array.wpus + np.arange(array.wpus))[:, None, :]
    o = (m * array.clusters)[:, None, None] + np.arange(array.clusters)[None, :, None]
    i = ((block + 1) * array.channels - 1 - column)[:, None, None]
    tap, a = order.tap[:, None, None], entry[:, None, None]
    lanes = command.entries[0][0]["lanes"]
    if lanes == Lanes.POINT:
        o, i = _line_channel(config, o, tap), _line_channel(config, i, r)
        return o, np.where(r < array.rows, i, -1), 0, 0
    if lanes == Lanes.PACKED:
        ky, kx, i = a * array.rows + r, i - packed_shift(command.layer, config), tap
    else:
        a, b = np.divmod(a, -(-command.layer.kernel // TAPS))
        ky, kx = a * array.rows + r, b * TAPS + tap
    return o, i, np.where(r < array.rows, ky, -1), kx
