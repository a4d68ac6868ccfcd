"""Sizes of the tiles in which a phase of a layer runs, and what they cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import prod

from gen.compiler.ccore.command import Command
from gen.compiler.ccore.pattern import Pattern, pattern_of
from gen.compiler.ccore.plan import plan
from gen.compiler.ccore.tile import Tile
from gen.model.layer import Layer, Phase
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig
from hw.arch.checks import ConfigError

from .timing import FILL, Ports, block_cycles, drain_cycles, input_words, weight_granules

__all__ = ["Cost", "Tiling", "Work", "best", "channel_tiles", "cost", "thinned"]

#: Numbers of pieces of the read tensor that are tried.
_PIECES = (2, 4, 8, 16, 32, 64)

#: Up to this many images all sizes of tiles are tried, above it those that share the batch out evenly.
_IMAGES = 64


@dataclass(frozen=True)
class Tiling:
    """Sizes of the tiles of a phase.

    Parameters
    ----------
    images : int
        Images of a tile.
    rows : int
        Grid rows of a tile of one image; 0: all.
    m_blocks : int
        Output blocks whose weights, or errors, are in the weight buffer at once.
    c_blocks : int
        Input blocks of a descriptor; of FP and BP with fewer than all, descriptors continue each other's sums, and the
        whole input buffer holds one tile, a piece of which is loaded as soon as it has been read for the last time.
        Else the buffer holds two tiles.
    weights_stay : bool
        Whether all images meet a tile of weights before the next is loaded; else a tile of images meets all weights.
    """

    images: int
    rows: int
    m_blocks: int
    c_blocks: int
    weights_stay: bool = False


@dataclass(frozen=True)
class Cost:
    """Cycles of a phase of a layer: of calculating, and of each way of loading by itself.

    calc : the passes, or the drains where they are slower, and the constant fill.
    inputs, weights : writes of the input buffer and of the weight buffer.
    dram_inputs, dram_weights, dram_outputs : the same traffic, and the results as codes, at the rate of DRAM.
    stall : cycles in which the array waits because its buffer cannot take the next operands any earlier.
    """

    calc: int
    inputs: int
    weights: int
    dram_inputs: float
    dram_weights: float
    dram_outputs: float
    stall: int = 0

    @property
    def total(self) -> int:
        """Cycles of the phase, where loads run beside the calculation of the tile before."""
        dram = self.dram_inputs + self.dram_weights + self.dram_outputs
        return max(self.calc + self.stall, self.inputs, self.weights, round(dram))


def thinned(layer: Layer, phase: Phase) -> Layer:
    """The layer on the pixels that it reads: a 1x1 layer at stride 2 takes the even ones, and no others are loaded."""
    if layer.kernel > 1 or layer.padding or phase == Phase.BP:
        return layer
    return replace(layer, height=layer.out_height, width=layer.out_width, stride=1)


@dataclass(frozen=True)
class Work:
    """A phase of a layer, :func:`thinned`, on a C-Core."""

    layer: Layer
    phase: Phase
    config: CCoreConfig
    ports: Ports

    @cached_property
    def pattern(self) -> Pattern:
        """How it runs on the array."""
        return pattern_of(self.layer, self.phase, self.config)

    @property
    def steps(self) -> tuple[int, int]:
        """Output and input blocks by which tiles grow, so that regions stay whole: those of a block of channels."""
        block, array = self.config.block, self.config.array
        return block // array.clusters if self.pattern.point else 1, block // array.channels

    def cuts(self) -> Iterator[tuple[int, int]]:
        """Images and rows of the tiles that are tried."""
        batch = self.layer.batch
        counts = {*range(1, min(batch, _IMAGES) + 1), *(_ceil(batch, n) for n in range(1, batch // _IMAGES + 1))}
        yield from ((images, 0) for images in sorted(counts, reverse=True))
        wpus = self.config.array.wpus
        groups = _ceil(self.pattern.grid[0], wpus)
        for each in sorted({_ceil(groups, n) for n in range(2, groups + 1)}, reverse=True):
            yield 1, wpus * each

    def parts(self, images: int, rows: int) -> list[tuple[int, Command]]:
        """How many there are of each tile of images or rows, with a descriptor of all its channels."""
        if not rows:
            full, rest = divmod(self.layer.batch, images)
            return [(full, self._command(images))] + ([(1, self._command(rest))] if rest else [])
        total = self.pattern.grid[0]
        tiles = [Tile(first, min(rows, total - first)) for first in range(0, total, rows)]
        # Tiles between the first and the last two cost the same.
        alike = max(len(tiles) - 3, 0)
        chosen = [(1 + alike * (n == 1), tile) for n, tile in enumerate(tiles) if n < 2 or n == len(tiles) - 1]
        return [(self.layer.batch * count, self._command(1, tile)) for count, tile in chosen]

    def _command(self, images: int, tile: Tile | None = None) -> Command:
        return _command(replace(self.layer, batch=images), self.phase, self.config, tile)


@lru_cache(maxsize=4096)
def _command(layer: Layer, phase: Phase, config: CCoreConfig, tile: Tile | None) -> Command:
    return plan(layer, phase, config, tile=tile)


def _ceil(a: int, b: int) -> int:
    return -(-a // b)


def _fit(words: int, blocks: int, step: int, depth: int) -> int:
    """Blocks, of `blocks` that take `words` addresses, that fit `depth`; a multiple of `step`, or all."""
    return blocks if words <= depth else depth * blocks // words // step * step


def channel_tiles(work: Work, parts: Sequence[tuple[int, Command]]) -> Iterator[tuple[int, int, bool]]:
    """Output and input blocks of tiles that fit the buffers, and whether weights stay."""
    config, header = work.config, parts[0][1].header
    m_all, c_all = header["m_blocks"], header["c_blocks"]
    words = max(command.inputs.words for _, command in parts)
    lines = max(command.weights.words for _, command in parts)
    m_step, c_step = work.steps
    m_fit = _fit(lines, m_all, m_step, config.weight_depth // 2)
    if work.phase == Phase.WG:
        passes = config.psum_depth // (header["psums"] // (m_all * c_all))
        c_fit = min(_fit(words, c_all, c_step, config.input_depth // 2), passes)
        for c in {*range(c_step, c_fit, c_step), c_fit} - {0}:
            m = min(m_fit, passes // c)
            m = m if m == m_all else m // m_step * m_step
            if m:
                yield m, c, False
        return
    if header["psums"] > config.psum_depth or not m_fit:
        return
    orders = (False, True)
    if lines <= config.weight_depth:
        m_fit, orders = m_all, (False,)
    sizes = {c_all} if words <= config.input_depth // 2 else set()
    if words <= config.input_depth and m_step == 1:
        sizes |= {_ceil(_ceil(c_all, n), c_step) * c_step for n in _PIECES if n * c_step <= c_all}
    for c in sorted(sizes):
        for stay in orders:
            yield m_fit, c, stay


def _stall(work: Work, tiling: Tiling, command: Command) -> int:
    """Cycles that a tile waits for the one after it in the same buffer.

    Of n pieces of an input tile, one is free when the last output block has read it, and needed when the first output
    block of the next tile comes to it: all loads have the time of these two blocks, but for a piece of each.
    """
    m_all, c_all = command.header["m_blocks"], command.header["c_blocks"]
    pieces = _ceil(c_all, tiling.c_blocks)
    if work.phase == Phase.WG or pieces == 1:
        return 0
    blocks = min(tiling.m_blocks if tiling.weights_stay else m_all, 2)
    return max(0, input_words(command) - blocks * block_cycles(command) * (pieces - 1) // pieces)


def cost(work: Work, parts: Sequence[tuple[int, Command]], tiling: Tiling) -> Cost:
    """Cycles of a tiling: of all tiles, each with all its loads."""
    config, header, gradient = work.config, parts[0][1].header, work.phase == Phase.WG
    m_tiles = _ceil(header["m_blocks"], tiling.m_blocks)
    c_tiles = _ceil(header["c_blocks"], tiling.c_blocks) if gradient else 1
    tiles = sum(count for count, _ in parts)
    # Two tiles that take turns are loaded once.
    if gradient:
        # Gradients of m tile after m tile, c tile after c tile; each meets all images.
        x_times = m_tiles if tiles * c_tiles > 2 else 1
        w_times = c_tiles if tiles > 2 else 1
    else:
        held = 2 if tiling.c_blocks >= header["c_blocks"] else 1
        x_times = m_tiles if tiling.weights_stay and tiles > held else 1
        w_times = 1 if tiling.weights_stay or m_tiles == 1 else tiles
    calc = sum(count * max(command.cycles(), 0 if gradient else drain_cycles(command)) for count, command in parts)
    words = x_times * sum(count * input_words(command) for count, command in parts)
    loads = [count * weight_granules(command) for count, command in parts]
    granules = w_times * (sum(loads) if gradient else weight_granules(parts[0][1]))
    stall = x_times * sum(count * _stall(work, tiling, command) for count, command in parts)
    code = config.array.pint.k / 8 / work.ports.bytes_per_cycle
    return Cost(
        calc=calc + FILL,
        inputs=words,
        weights=_ceil(granules, work.ports.granules),
        stall=stall,
        dram_inputs=words * WORD_PIXELS * config.array.channels * code,
        dram_weights=granules * config.array.clusters * code,
        dram_outputs=prod(work.layer.result_shape(work.phase)) * code,
    )


def best(work: Work) -> tuple[Tiling, Cost]:
    """The tiling of the fewest cycles; of those the one of the least traffic.

    Raises
    ------
    ConfigError
        If not even one row of an image fits the buffers.
    """
    found = []
    for images, rows in work.cuts():
        parts = work.parts(images, rows)
        for m_blocks, c_blocks, stay in channel_tiles(work, parts):
            tiling = Tiling(images, rows, m_blocks, c_blocks, stay)
            found.append((cost(work, parts, tiling), tiling))
    if not found:
        wpus, config = work.config.array.wpus, work.config
        raise ConfigError(f"Layer {work.layer} must fit the buffers in tiles of {wpus} rows, unlike those of {config}")
    chosen = min(found, key=lambda each: (each[0].total, each[0].calc, each[0].dram_inputs + each[0].dram_weights))
    return chosen[1], chosen[0]
