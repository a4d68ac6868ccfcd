"""The descriptors of a tiling, in order."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gen.compiler.ccore.command import Command
from gen.compiler.ccore.plan import plan
from gen.compiler.ccore.tile import Tile
from gen.model.layer import Phase

from .tiling import Tiling, Work

__all__ = ["Step", "steps"]


@dataclass(frozen=True)
class Step:
    """A descriptor and the part of the layer that it works on.

    Parameters
    ----------
    command : Command
        Its layer has the images and channels of the part.
    images, gives, reads : slice
        Images, channels of the result, and channels of the read tensor.
    """

    command: Command
    images: slice
    gives: slice
    reads: slice

    @property
    def place(self) -> tuple[slice, slice]:
        """The part of the layer's result that it adds to, slices of the first two axes."""
        return (self.gives, self.reads) if self.command.phase == Phase.WG else (self.images, self.gives)


def _slices(total: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, total)) for first in range(0, total, size)]


def _cuts(work: Work, tiling: Tiling) -> list[tuple[slice, Tile | None]]:
    """Images, and rows of a single image, of each tile."""
    batch, total = work.layer.batch, work.pattern.grid[0]
    if not tiling.rows:
        return [(images, None) for images in _slices(batch, tiling.images)]
    rows = [Tile(each.start, each.stop - each.start) for each in _slices(total, tiling.rows)]
    return [(slice(image, image + 1), each) for image in range(batch) for each in rows]


class _Planner:
    """Plans parts of a layer, tiles in turn in the two halves of a buffer."""

    def __init__(self, work: Work, tiling: Tiling):
        config, pattern = work.config, work.pattern
        self._work, self._packed = work, pattern.packed
        lanes = config.blocks if pattern.point else 1
        width = 1 if not pattern.packed else pattern.read[0]
        self.gives = _slices(pattern.gives, tiling.m_blocks * config.array.clusters * lanes)
        self.reads = _slices(pattern.read[0], max(tiling.c_blocks * config.array.channels * lanes, width))
        self.block = config.array.clusters * lanes

    def plan(self, images: slice, tile: Tile | None, gives: slice, reads: slice, **options) -> Step:
        counts = gives.stop - gives.start, reads.stop - reads.start
        outputs, inputs = counts[::-1] if self._work.phase == Phase.BP else counts
        batch = images.stop - images.start
        layer = replace(self._work.layer, batch=batch, in_channels=inputs, out_channels=outputs)
        command = plan(layer, self._work.phase, self._work.config, tile=tile, packed=self._packed, **options)
        return Step(command, images, gives, reads)


def steps(work: Work, tiling: Tiling) -> Iterator[Step]:
    """The descriptors of a tiling; operands lie in the halves of the buffers in turn, pieces of a tile side by side."""
    planner, cuts = _Planner(work, tiling), _cuts(work, tiling)
    if work.phase == Phase.WG:
        yield from _gradient_steps(work, planner, cuts)
        return
    halves = work.config.input_depth // 2, work.config.weight_depth // 2
    for number, (m, at) in enumerate(_order(len(planner.gives), len(cuts), tiling.weights_stay)):
        images, tile = cuts[at]
        # What stays keeps its half; what is loaded for every descriptor changes it.
        x_number = number if tiling.weights_stay and len(cuts) > 1 else at
        w_number = m if tiling.weights_stay or len(planner.gives) == 1 else number
        x_base, w_base = x_number % 2 * halves[0], w_number % 2 * halves[1]
        if len(planner.reads) == 1:
            yield planner.plan(images, tile, planner.gives[m], planner.reads[0], x_base=x_base, w_base=w_base)
        else:
            yield from _pieces(planner, images, tile, planner.gives[m], w_base)


def _order(m_tiles: int, cuts: int, weights_stay: bool) -> list[tuple[int, int]]:
    """Numbers of the tile of weights and of the tile of images, descriptor by descriptor."""
    found = itertools.product(range(m_tiles), range(cuts))
    return list(found) if weights_stay else sorted(found, key=lambda each: each[::-1])


def _pieces(planner: _Planner, images: slice, tile: Tile | None, gives: slice, w_base: int) -> Iterator[Step]:
    """Block after block, each from all pieces of the read tensor."""
    for first in range(gives.start, gives.stop, planner.block):
        block, x_base = slice(first, min(first + planner.block, gives.stop)), 0
        for reads in planner.reads:
            last = reads is planner.reads[-1]
            step = planner.plan(
                images, tile, block, reads, x_base=x_base, w_base=w_base, accumulate=reads.start > 0, drain=last
            )
            yield step
            x_base += step.command.inputs.words
            w_base += step.command.weights.words


def _gradient_steps(work: Work, planner: _Planner, cuts) -> Iterator[Step]:
    """Gradients of a tile of channels from all images, then of the next."""
    halves = work.config.input_depth // 2, work.config.weight_depth // 2
    order = itertools.product(planner.gives, planner.reads, range(len(cuts)))
    for number, (gives, reads, at) in enumerate(order):
        x_number = number if len(planner.reads) * len(cuts) > 1 else 0
        w_number = number if len(cuts) > 1 else number // len(planner.reads)
        x_base, w_base = (each % 2 * half for each, half in zip((x_number, w_number), halves, strict=True))
        options = {"accumulate": at > 0, "drain": at == len(cuts) - 1}
        images, tile = cuts[at]
        yield planner.plan(images, tile, gives, reads, x_base=x_base, w_base=w_base, **options)
