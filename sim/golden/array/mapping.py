"""From a layer, a phase and an array size to passes: lane values, modes and result addresses, cycle by cycle.

The executable form of the table in architecture.md Section 3 (ETA, Section IV-B.1 and Fig. 6), and the golden model of
the networks that will feed the lanes. `sim.golden.array.program` lays passes out in time.

Two patterns are better than the spec's table: weight-stationary passes last max(slots, channels) cycles, and gradient
passes slots + channels*beats - 1. Kernels whose rows do not divide the array's use the mixed mode where that is faster.
"""

import enum

import numpy as np

from gen.model.layer import Layer, Phase
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.array.control import MIXED_PORTS, SPLIT_PORTS, TAP_PORTS, Head, Ports

from .passes import Slots, Target, gradient_pass, stationary_pass
from .taps import blocks, mixed_sets, packs, pointwise_blocks, row_plan, split_plan

__all__ = ["Pattern", "cycles", "map_layer", "pattern"]


class Pattern(enum.StrEnum):
    """The seven computational patterns of ETA's Fig. 6."""

    FP_S1 = "FP s1"
    BP_S1 = "BP s1"
    WG_S1 = "WG s1"
    FP_S2 = "FP s2"
    BP_S2 = "BP s2"
    WG_S2 = "WG s2"
    POINTWISE = "1x1"


def pattern(layer: Layer, phase: Phase) -> Pattern:
    """The pattern that runs a phase of a layer; a padded 1x1 kernel is a general kernel."""
    if layer.kernel == 1 and layer.padding == 0:
        return Pattern.POINTWISE
    return Pattern(f"{phase} s{layer.stride}")


def map_layer(layer: Layer, phase: Phase, config: ArrayConfig, *, x=None, w=None, e=None) -> list:
    """Return the passes of a phase: from `x`, `w` (FP), `e`, `w` (BP) or `x`, `e` (WG), all codes.

    The results are sums over all passes at the flat addresses of `layer.result_shape(phase)`, which start from zero.
    """
    operands = {Phase.FP: {"x": x, "w": w}, Phase.BP: {"e": e, "w": w}, Phase.WG: {"x": x, "e": e}}[phase]
    shapes = {"x": layer.x_shape, "w": layer.w_shape, "e": layer.e_shape}
    for name, codes in operands.items():
        if np.shape(codes) != shapes[name]:
            raise ValueError(f"{phase} needs {name} of shape {shapes[name]}, not {np.shape(codes)}")
    if pattern(layer, phase) == Pattern.POINTWISE:
        return _pointwise(layer, phase, config, x, w, e)
    if phase == Phase.WG:
        return _gradient(layer, config, x, e)
    if phase == Phase.FP:
        return _dense(layer, config, x, w, layer.e_shape, layer.stride, layer.padding)
    if layer.stride == 1:
        # BP at stride 1 is FP on the error, with channels exchanged and taps rotated by 180 degrees.
        rotated = np.swapaxes(w, 0, 1)[:, :, ::-1, ::-1]
        return _dense(layer, config, e, rotated, layer.x_shape, 1, layer.kernel - 1 - layer.padding)
    return _split(layer, config, e, w)


def _slots(groups, shape, config):
    """Slots of row groups: [group] for all rows of the array alike, or [group][r]."""
    groups = np.asarray(groups, dtype=np.int64)
    if groups.ndim == 1:
        groups = np.repeat(groups[:, None], config.rows, axis=1)
    return Slots.of_groups(groups, shape[0], shape[2], shape[3], config.wpus)


def _group_count(shape, config) -> int:
    """Row groups of the flattened (image, row) index."""
    return -(-shape[0] * shape[2] // config.wpus)


def _outputs(channels: int, config: ArrayConfig):
    """Output channels [m][k] of each m block: the same for all taps."""
    for first in range(0, channels, config.clusters):
        yield np.repeat(first + np.arange(config.clusters)[:, None], TAPS, axis=1)


def _pointwise_outputs(channels: int, config: ArrayConfig):
    """Output channels [m][k] of each m block of a 1x1 kernel: a group for each tap."""
    for first in range(0, channels, TAPS * config.clusters):
        yield first + np.arange(config.clusters)[:, None] + config.clusters * np.arange(TAPS)


def _dense_rows(kernel: int, groups: int, width: int, config: ArrayConfig):
    """Row passes of FP and of BP at stride 1: (row groups [group] or [group][r], kernel row of each r, ports).

    Mixed where that takes fewer cycles (see :func:`sim.golden.array.taps.mixed_sets`).
    """
    everyone = np.arange(groups)
    plain = [(everyone, plan, Ports.TOTAL) for plan in row_plan(kernel, config.rows)]
    mixed = _mixed_rows(kernel, groups, config)

    def length(passes):
        return sum(max(len(rows) * width, config.channels) for rows, _, _ in passes)

    return mixed if mixed and length(mixed) < length(plain) else plain


def _mixed_rows(kernel: int, groups: int, config: ArrayConfig):
    """Row passes of the mixed mode, or [] where it does not apply."""
    sets, rows = mixed_sets(kernel, config.rows), config.rows
    size = groups // rows
    if sets is None or size == 0:
        return []
    lenders, borrowers = sets
    chunk = [np.arange(n * size, (n + 1) * size) for n in range(rows)]
    rest = np.arange(rows * size, groups)
    # Full passes, which a lender, a borrower and a row group of the rest need this many of.
    need = [(kernel - (rows - 1) * borrowers) // rows] * lenders + [(kernel - lenders) // rows] * borrowers
    passes = []
    for n, plan in enumerate(row_plan(kernel, rows)):
        members = np.concatenate([*(chunk[i] for i in range(rows) if need[i] > n), rest])
        if len(members):
            passes.append((members, plan, Ports.TOTAL))
    outer = [r for r in range(rows) if r != 1]
    for lender in range(lenders):
        for borrower in range(borrowers):
            pair = np.empty((size, rows), dtype=np.int64)
            pair[:, outer], pair[:, 1] = chunk[lender][:, None], chunk[lenders + borrower]
            plan = np.empty(rows, dtype=np.int64)
            plan[outer] = need[lender] * rows + borrower * (rows - 1) + np.arange(rows - 1)
            plan[1] = need[-1] * rows + lender
            passes.append((pair, plan, Ports.MIXED))
    return passes


def _dense(layer, config, tensor, weights, result_shape, step, padding) -> list:
    """FP, and BP at stride 1: every output pixel is one sum over taps and channels."""
    targets = {
        Ports.TOTAL: [Target(port=0)],
        Ports.MIXED: [Target(port=MIXED_PORTS[0], r=1), Target(port=MIXED_PORTS[1], r=0)],
    }
    row_passes = [
        (_slots(groups, result_shape, config), plan[:, None, None], ports)
        for groups, plan, ports in _dense_rows(
            layer.kernel, _group_count(result_shape, config), result_shape[3], config
        )
    ]
    return [
        stationary_pass(
            config,
            tensor,
            weights,
            result_shape,
            slots,
            outputs=outputs,
            channel=block.channel,
            ky=ky,
            kx=block.kx,
            dy=ky - padding,
            dx=block.kx - padding,
            step=step,
            ports=ports,
            targets=targets[ports],
        )
        for outputs in _outputs(weights.shape[0], config)
        for block in blocks(weights.shape[1], layer.kernel, config)
        for slots, ky, ports in row_passes
    ]


def _gradient(layer, config, x, e) -> list:
    """WG of kernels over 1x1: one sum a MAC, E(0, w) along the chains."""
    slots = _slots(np.arange(_group_count(layer.e_shape, config)), layer.e_shape, config)
    return [
        gradient_pass(
            config,
            x,
            e,
            layer.w_shape,
            slots,
            outputs=outputs,
            channel=block.channel,
            ky=plan[:, None, None] + 0 * block.kx,
            kx=block.kx,
            dy=plan[:, None, None] - layer.padding,
            dx=block.kx - layer.padding,
            step=layer.stride,
            head=Head.ERROR_ROW,
        )
        for outputs in _outputs(layer.out_channels, config)
        for block in blocks(layer.in_channels, layer.kernel, config)
        for plan in row_plan(layer.kernel, config.rows)
    ]


def _split_plans(layer: Layer, config: ArrayConfig):
    """Row passes and column passes of a stride-2 BP."""
    rows = split_plan(layer.kernel, layer.padding, config.rows, 1 if config.rows > 1 else None)
    return rows, split_plan(layer.kernel, layer.padding, TAPS, 1)


def _split_shape(layer: Layer) -> tuple[int, int, int, int]:
    """Batch, channels, rows and columns of the error pixels that a stride-2 BP runs over: one for 2x2 outputs."""
    return (layer.batch, layer.out_channels, -(-layer.height // 2), -(-layer.width // 2))


def _split(layer, config, e, w) -> list:
    """BP at stride 2: every error pixel serves up to four outputs (even, odd), without an inserted zero."""
    shape = _split_shape(layer)
    slots = _slots(np.arange(_group_count(shape, config)), shape, config)
    weights = np.swapaxes(w, 0, 1)
    channel = np.indices((config.rows, config.channels, TAPS))[1]
    passes = []
    for outputs in _outputs(layer.in_channels, config):
        for first in range(0, layer.out_channels, config.channels):
            for rows in _split_plans(layer, config)[0]:
                for columns in _split_plans(layer, config)[1]:
                    ky, kx = rows.taps[:, None, None], columns.taps[None, None, :]
                    row_parity = np.where(np.arange(config.rows) == 1, rows.single, rows.several)
                    column_parity = np.array([columns.several, columns.single, columns.several])
                    parities = ((rows.single, rows.several), (columns.single, columns.several))
                    targets = [
                        Target(port=port, step=2, dy=parities[0][row_class], dx=parities[1][column_class])
                        for (row_class, column_class), port in SPLIT_PORTS.items()
                    ]
                    passes.append(
                        stationary_pass(
                            config,
                            e,
                            weights,
                            layer.x_shape,
                            slots,
                            outputs=outputs,
                            channel=channel + first,
                            ky=ky,
                            kx=kx,
                            dy=(row_parity[:, None, None] + layer.padding - ky) // 2,
                            dx=(column_parity[None, None, :] + layer.padding - kx) // 2,
                            step=1,
                            ports=Ports.SPLIT,
                            targets=targets,
                        )
                    )
    return passes


def _pointwise(layer, phase, config, x, w, e) -> list:
    """1x1 kernels and FC: rows take channel groups, taps take output groups."""
    step = layer.stride
    slots = _slots(np.arange(_group_count(layer.e_shape, config)), layer.e_shape, config)
    zero = np.zeros((config.rows, config.channels, TAPS), dtype=np.int64)
    taps = {"ky": zero, "dy": zero, "dx": zero}
    if phase == Phase.WG:
        return [
            gradient_pass(
                config,
                x,
                e,
                layer.w_shape,
                slots,
                outputs=outputs,
                channel=block.channel,
                kx=block.kx,
                step=step,
                head=Head.ERROR_TAP,
                **taps,
            )
            for outputs in _pointwise_outputs(layer.out_channels, config)
            for block in pointwise_blocks(layer.in_channels, config)
        ]
    if phase == Phase.FP:
        tensor, weights, read_step, write_step = x, w, step, 1
    else:
        tensor, weights, read_step, write_step = e, np.swapaxes(w, 0, 1), 1, step
    targets = [Target(port=TAP_PORTS[k], k=k, step=write_step) for k in range(TAPS)]
    return [
        stationary_pass(
            config,
            tensor,
            weights,
            layer.result_shape(phase),
            slots,
            outputs=outputs,
            channel=block.channel,
            kx=block.kx,
            step=read_step,
            ports=Ports.TAPS,
            targets=targets,
            **taps,
        )
        for outputs in _pointwise_outputs(weights.shape[0], config)
        for block in pointwise_blocks(weights.shape[1], config)
    ]


def cycles(layer: Layer, phase: Phase, config: ArrayConfig) -> int:
    """Cycles of a phase by formula, from its first slot to the first slot of what follows.

    With slots = ceil(batch * rows / wpus) * columns of the output (of the error for BP at stride 2, a 2x2 block a
    slot), m and c blocks of `clusters` and `channels` (3 * `clusters` and `rows` * `channels` for 1x1):

    - weight stationary: m blocks * c blocks * tap passes * row passes * max(slots, channels),
    - gradient: m blocks * c blocks * tap passes * row passes * (slots + channels * beats - 1),

    tap passes ceil(kernel / 3) and row passes ceil(kernel / rows), or fewer where lanes are packed
    (:func:`sim.golden.array.taps.packs`) or rows are mixed (:func:`sim.golden.array.taps.mixed_sets`).
    """
    pointwise = pattern(layer, phase) == Pattern.POINTWISE
    channels = {Phase.FP: (layer.out_channels, layer.in_channels), Phase.BP: (layer.in_channels, layer.out_channels)}
    outputs, inputs = channels.get(phase, channels[Phase.FP])
    split = phase == Phase.BP and layer.stride == 2 and not pointwise
    shape = layer.x_shape if phase == Phase.BP and not pointwise and not split else layer.e_shape
    shape = _split_shape(layer) if split else shape
    slots = _group_count(shape, config) * shape[3]
    if phase == Phase.WG:
        length = slots + config.channels * config.beats - 1
    else:
        length = max(slots, config.channels)
    if pointwise:
        m_blocks = -(-outputs // (TAPS * config.clusters))
        return m_blocks * -(-inputs // (config.rows * config.channels)) * length
    m_blocks = -(-outputs // config.clusters)
    if split:
        rows, columns = _split_plans(layer, config)
        return m_blocks * -(-inputs // config.channels) * len(rows) * len(columns) * length
    if packs(inputs, layer.kernel, config):
        c_blocks = -(-layer.kernel * inputs // (TAPS * config.channels))
    else:
        c_blocks = -(-inputs // config.channels) * -(-layer.kernel // TAPS)
    if phase == Phase.WG:
        return m_blocks * c_blocks * -(-layer.kernel // config.rows) * length
    row_passes = _dense_rows(layer.kernel, _group_count(shape, config), shape[3], config)
    return m_blocks * c_blocks * sum(max(len(groups) * shape[3], config.channels) for groups, _, _ in row_passes)
