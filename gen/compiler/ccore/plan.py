"""From a layer, a phase and a C-Core to its descriptor: its regions, its loop nest and the order of its drain."""

from typing import Any

from gen.model.layer import Layer, Phase
from hw.arch.array.config import TAPS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import MAX_ENTRIES
from hw.arch.ccore.drain import DrainMode
from hw.arch.ccore.regions import ErrorRegion, InputRegion, WeightRegion
from hw.arch.checks import ConfigError

from .command import Command
from .entries import Passes, passes
from .packing import packed_pixels, packed_shift
from .pattern import Pattern, pattern_of
from .tile import Extent, Tile, extent
from .windows import split_ports

__all__ = ["plan"]


def plan(
    layer: Layer,
    phase: Phase,
    config: CCoreConfig,
    *,
    x_base: int = 0,
    w_base: int = 0,
    tile: Tile | None = None,
    packed: bool | None = None,
    accumulate: bool = False,
    drain: bool = True,
    sums: bool = False,
    tag: int = 0,
) -> Command:
    """The descriptor of a phase of a layer out of the buffers.

    Whether it fits the buffers is checked where it runs (:class:`hw.arch.ccore.descriptor.Error`).

    Parameters
    ----------
    layer : Layer
        Its batch is that of the tile.
    phase : Phase
    config : CCoreConfig
    x_base, w_base : int
        Where the read tensor and the weights, or errors, begin.
    tile : Tile, optional
        Rows of the grid, of a single image; without it all rows.
    packed : bool, optional
        Whether the kernel is packed; by default where :func:`gen.compiler.ccore.packing.packs` says so. BP needs
        unpacked weights.
    accumulate, drain, sums, tag
        See :data:`hw.arch.ccore.descriptor.HEADER`.

    Raises
    ------
    ConfigError
        If a tile has several images or no row, the kernel has too many windows, or `sums` are not those of FP.
    """
    if sums and phase != Phase.FP:
        raise ValueError(f"Sums of |x| must be those of FP, not of {phase}")
    pattern = pattern_of(layer, phase, config, packed)
    rows = extent(pattern, tile)
    channels, _, width = pattern.read
    pitch = pattern.stride * rows.pitch
    inputs = InputRegion(config, layer.batch, channels, rows.read_rows, width, pitch, x_base)
    weights = _weights(pattern, rows, w_base)
    # Descriptors that share their sums lay them out alike, whether they take sums of |x| or not.
    whole = drain and not accumulate
    taken = passes(pattern, rows, inputs, weights, sums, share=whole)
    if len(taken.entries) > MAX_ENTRIES:
        raise ConfigError(f"A kernel must have at most {MAX_ENTRIES} windows, not {len(taken.entries)}: {layer}")
    header = {
        "pattern": pattern.code,
        "stride2": int(pattern.stride == 2),
        "accumulate": int(accumulate),
        "drain": int(drain),
        "sums": int(sums),
        "entries": len(taken.entries),
        "tag": tag,
        "pitch": rows.pitch,
        "rows": rows.rows,
        "read_rows": rows.read_rows,
        "images": layer.batch,
        "columns": pattern.grid[1],
        "read_columns": width,
        "row_step": config.array.wpus % rows.pitch,
        **_blocks(pattern),
        **_reading(pattern, inputs),
        **_weight_reading(pattern, weights),
    }
    header |= _draining(pattern, rows, taken, header["m_blocks"], header["c_blocks"])
    return Command(config, layer, phase, header, taken.entries, inputs, weights, rows.loaded, rows.first)


def _lines(pattern: Pattern, channels: int) -> int:
    """Lines of channels that the blocks run over: of a 1x1 layer those of the widest tap group."""
    if not pattern.point:
        return channels
    config = pattern.config
    turns, rest = divmod(channels, config.block * config.blocks)
    return turns * config.block + min(rest, config.block)


def _blocks(pattern: Pattern) -> dict[str, int]:
    """Fields of the loop over blocks."""
    config, array = pattern.config, pattern.config.array
    reads = _lines(pattern, pattern.read[0])
    return {
        "m_blocks": -(-_lines(pattern, pattern.gives) // array.clusters),
        "c_blocks": 1 if pattern.packed else -(-reads // array.channels),
        "c_inner": config.block // array.channels if pattern.point else 1,
    }


def _reading(pattern: Pattern, inputs: InputRegion) -> dict[str, int]:
    """Fields of the way through the input buffer."""
    config = pattern.config
    advance, turn = divmod(pattern.stride * config.array.wpus, config.banks)
    # The outer step leads over the blocks that the other rows of the array took.
    outer = (config.blocks - 1) * (config.block // config.array.channels) + 1 if pattern.point else 1
    return {
        "groups": inputs.groups,
        "x_base": inputs.base,
        "x_words": inputs.words - 1,
        "x_group": inputs.group,
        "x_outer": outer * inputs.group,
        "row_pitch": inputs.row,
        "row_advance": advance * inputs.row,
        "turn_group": config.turn,
        "turn_outer": config.turn * outer % config.banks,
        "bank_advance": turn,
    }


def _weights(pattern: Pattern, rows: Extent, base: int) -> WeightRegion | ErrorRegion:
    """Where the weights lie, or the errors of a weight gradient."""
    config, layer = pattern.config, pattern.layer
    if pattern.phase == Phase.WG:
        slots = rows.groups(config.array.wpus) * pattern.grid[1]
        return ErrorRegion(config, layer.out_channels, slots, pattern.point, base)
    if pattern.packed:
        pixels, shift = packed_pixels(config), packed_shift(layer, config)
        return WeightRegion(config, layer.out_channels, pixels, layer.kernel, False, layer.in_channels, shift, base)
    return WeightRegion(config, layer.out_channels, layer.in_channels, layer.kernel, pattern.point, base=base)


def _weight_reading(pattern: Pattern, weights: WeightRegion | ErrorRegion) -> dict[str, int]:
    """Fields of the way through the weight buffer."""
    array = pattern.config.array
    return {
        "w_base": weights.base,
        "w_words": weights.words - 1,
        "w_pitch": weights.pitch,
        "w_last": (array.channels - 1) // array.clusters * weights.pitch,
        "w_block": array.channels // array.clusters * weights.pitch,
    }


def _draining(pattern: Pattern, rows: Extent, taken: Passes, m_blocks: int, c_blocks: int) -> dict[str, Any]:
    """Fields of the order in which results leave, and the partial sums of a port that an output block takes."""
    array, columns = pattern.config.array, pattern.grid[1]
    groups = rows.groups(array.wpus)
    if pattern.phase == Phase.WG:
        mode, psums = DrainMode.GRADIENT, m_blocks * c_blocks * len(taken.entries) * array.channels * array.beats
    elif taken.segment:
        mode, psums = DrainMode.SEGMENTS, max(taken.segment, groups - 2 * taken.segment) * columns
    elif pattern.spread:
        mode, psums = DrainMode.DENSE, -(-groups * columns // 4)
    else:
        mode, psums = DrainMode.SPLIT if pattern.split else DrainMode.TAPS, groups * columns
    layer, ends = pattern.layer, rows.first + rows.rows == pattern.grid[0]
    ports = split_ports(layer.padding, layer.padding) if pattern.split else ((0, 0), (0, 0))
    return {
        "drain_mode": mode,
        "segment": taken.segment,
        "psums": psums,
        "odd_rows": int(pattern.split and layer.height % 2 and ends),
        "odd_columns": int(pattern.split and layer.width % 2),
        "ports": ports,
        **_taps(pattern, m_blocks),
    }


def _taps(pattern: Pattern, m_blocks: int) -> dict[str, int]:
    """Tap groups with channels, of all m blocks and of the last one."""
    if not pattern.point:
        return {"taps": TAPS, "taps_last": TAPS}
    config = pattern.config
    turn, rest = divmod((m_blocks - 1) * config.array.clusters, config.block)
    first = [(turn * config.blocks + tap) * config.block + rest for tap in range(config.blocks)]
    return {"taps": config.blocks, "taps_last": sum(channel < pattern.gives for channel in first)}
