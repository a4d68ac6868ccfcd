"""Passes of the array: runs of slots with fixed weights (stationary) or fixed sums (gradients)."""

from dataclasses import dataclass, replace

import numpy as np

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import PORTS, TAP_PORTS, Head, Ports

__all__ = ["GradientPass", "Slots", "StationaryPass", "Target", "gather", "gradient_pass", "moved", "stationary_pass"]

#: Address of a port whose value nobody takes.
NOWHERE = -1


@dataclass(frozen=True)
class StationaryPass:
    """Weight stationary: one result a slot and port.

    Arrays: `x` codes [slot][w][r][c][k]; `w` codes [c][m][r][k]; `address` [slot][m][w][port], the flat index of the
    result that each port adds to, -1 where none.
    """

    x: np.ndarray
    w: np.ndarray
    ports: Ports
    address: np.ndarray

    def __len__(self):
        return len(self.x)

    def length(self, config: ArrayConfig) -> int:
        """Cycles until the next pass: the slots, at least as many as the next weights need to load."""
        return max(len(self), config.channels)


@dataclass(frozen=True)
class GradientPass:
    """Output stationary: one sum a MAC, drained at the end.

    Arrays: `x` codes [slot][w][r][c][k]; `e` codes [slot][m][k][w]; `address` [beat][m][w][port], column
    channels-1 first, `config.beats` beats a column.
    """

    x: np.ndarray
    e: np.ndarray
    head: Head
    address: np.ndarray

    def __len__(self):
        return len(self.x)

    def length(self, config: ArrayConfig) -> int:
        """Cycles until the next pass: the slots, and the drain but for the cycle it shares with the last slot."""
        return len(self) + config.channels * config.beats - 1


@dataclass(frozen=True)
class Slots:
    """The pixels that the rows of the array work on, slot by slot: arrays [slot][w][r] and [slot].

    `image` is -1 where a WPU has no row left; rows r may work on different row groups (mixed mode).
    """

    image: np.ndarray
    row: np.ndarray
    column: np.ndarray

    @classmethod
    def of_groups(cls, groups: np.ndarray, batch: int, height: int, width: int, wpus: int):
        """Slots of row groups `groups` [group][r]: group g has the rows g*wpus .. of all images in a row."""
        flat = groups[:, None, :] * wpus + np.arange(wpus)[None, :, None]
        image = np.where(flat < batch * height, flat // height, -1)
        shape = (len(groups), width)
        return cls(
            image=np.repeat(image, width, axis=0),
            row=np.repeat(flat % height, width, axis=0),
            column=np.broadcast_to(np.arange(width), shape).ravel(),
        )


@dataclass(frozen=True)
class Target:
    """Where a port's results go: the pixel of array row `r`, scaled and shifted, of the outputs of tap k."""

    port: int
    r: int = 0
    k: int = 0
    step: int = 1
    dy: int = 0
    dx: int = 0


def moved(each: StationaryPass | GradientPass, base: int) -> StationaryPass | GradientPass:
    """The pass with its results at `base`."""
    return replace(each, address=np.where(each.address >= 0, each.address + base, NOWHERE))


def gather(tensor: np.ndarray, *index: np.ndarray) -> np.ndarray:
    """Elements of `tensor`, code 0 (the value 0) where an index is out of range."""
    index = np.broadcast_arrays(*index)
    inside = np.all([(0 <= i) & (i < size) for i, size in zip(index, tensor.shape, strict=True)], axis=0)
    return np.where(inside, tensor[tuple(np.where(inside, i, 0) for i in index)], 0)


def _lanes(tensor, slots: Slots, channel, dy, dx, step):
    """Lane codes [slot][w][r][c][k]; `channel`, `dy`, `dx` are arrays over (r, c, k)."""
    image = slots.image[:, :, :, None, None]
    row = slots.row[:, :, :, None, None] * step + dy
    column = slots.column[:, None, None, None, None] * step + dx
    return gather(tensor, image, channel, row, column)


def _addresses(shape, index, valid) -> np.ndarray:
    """Flat indices into `shape`, NOWHERE where not `valid` or out of range."""
    index = np.broadcast_arrays(*index)
    inside = np.all([(0 <= i) & (i < size) for i, size in zip(index, shape, strict=True)], axis=0) & valid
    return np.where(inside, np.ravel_multi_index([np.where(inside, i, 0) for i in index], shape), NOWHERE)


def stationary_pass(
    config, tensor, weights, result_shape, slots, *, outputs, channel, ky, kx, dy, dx, step, ports, targets
) -> StationaryPass:
    """Build a weight-stationary pass.

    Parameters
    ----------
    tensor : codes [image][channel][row][column] that the lanes read.
    weights : codes [output][channel][ky][kx].
    result_shape : shape of the results, [image][output][row][column].
    slots : Slots
    outputs : array [m][k], the output channel of each cluster and tap.
    channel, ky, kx, dy, dx : arrays over (r, c, k): the weight of each lane and the offset of its pixel; -1: idle.
    step : pixels between slots.
    ports : Ports
    targets : list of Target
    """
    used = (channel >= 0) & (ky >= 0) & (kx >= 0)
    channel = np.where(used, channel, -1)
    w = gather(weights, outputs[:, None, None, :], channel, ky, kx)  # [m][r][c][k]
    address = np.full((len(slots.column), config.clusters, config.wpus, PORTS), NOWHERE)
    for target in targets:
        image, row = (array[:, None, :, target.r] for array in (slots.image, slots.row))
        column = slots.column[:, None, None]
        output = outputs[None, :, None, target.k]
        index = (image, output, row * target.step + target.dy, column * target.step + target.dx)
        address[:, :, :, target.port] = _addresses(result_shape, index, image >= 0)
    return StationaryPass(
        x=_lanes(tensor, slots, channel, dy, dx, step), w=np.moveaxis(w, 2, 0), ports=ports, address=address
    )


def gradient_pass(config, tensor, errors, result_shape, slots, *, outputs, channel, ky, kx, dy, dx, step, head):
    """Build an output-stationary pass; arguments as for :func:`stationary_pass`, `errors` like the outputs."""
    used = (channel >= 0) & (ky >= 0) & (kx >= 0)
    channel = np.where(used, channel, -1)
    image, row = (array[:, None, None, :, 0] for array in (slots.image, slots.row))
    e = gather(errors, image, outputs[None, :, :, None], row, slots.column[:, None, None, None])
    # Column channels-1 leaves first; row beat * wpus + w leaves on WPU w.
    address = np.full((config.channels * config.beats, config.clusters, config.wpus, PORTS), NOWHERE)
    for n in range(len(address)):
        c = config.channels - 1 - n // config.beats
        first = n % config.beats * config.wpus
        for w, r in enumerate(range(first, min(first + config.wpus, config.rows))):
            for k in range(TAPS):
                index = (outputs[:, k], channel[r, c, k], ky[r, c, k], kx[r, c, k])
                address[n, :, w, TAP_PORTS[k]] = _addresses(result_shape, index, used[r, c, k])
    return GradientPass(x=_lanes(tensor, slots, channel, dy, dx, step), e=e, head=head, address=address)
