"""Golden model of the C-Core: runs descriptors out of the contents of its buffers."""

from dataclasses import dataclass, field

import numpy as np

from hw.spec.ccore import WORD_PIXELS, CCoreConfig, Lanes, Shuffle
from hw.spec.config import TAPS
from hw.spec.control import TAP_PORTS, Head, Ports
from hw.spec.drain import DrainJob, DrainMode
from hw.spec.layer import Phase
from hw.spec.plan import Command, packed_shift

from ..array import port_values
from ..conv import wrap
from ..passes import GradientPass, StationaryPass
from .order import Beats, beats
from .regions import InputWrites, WeightWrites

__all__ = ["Drained", "Machine", "collect", "job_of", "pass_count"]

#: Pixel of each lane from the newest one.
_PIXELS = {
    Lanes.CONV: (-2, -1, 0), Lanes.SPLIT_ODD: (-1, -1, 0), Lanes.SPLIT_EVEN: (-1, 0, 0), Lanes.POINT: (-1, -1, -1),
}  # fmt: skip


@dataclass(frozen=True)
class Drained:
    """What left after an output block (all blocks of a gradient).

    block : m block, or -1 for a gradient.
    order : Beats
    data : int64 [beat][m][w]
    sums : int64 [map][m], sums of |x|: a map for each image, tap by tap for a 1x1 layer; empty if none are taken.
    """

    block: int
    order: Beats
    data: np.ndarray
    sums: np.ndarray


def job_of(command: Command, block: int, half: int = 0) -> DrainJob:
    """The drain's job for an m block of a descriptor."""
    header = command.header
    last = block in (-1, header["m_blocks"] - 1)
    ports = tuple(tuple(header["ports"] >> 2 * (2 * py + px) & 3 for px in (0, 1)) for py in (0, 1))
    return DrainJob(
        mode=DrainMode(header["drain_mode"]), half=half, images=header["images"], pitch=header["pitch"],
        rows=header["rows"], columns=header["columns"], odd_rows=header["odd_rows"],
        odd_columns=header["odd_columns"], ports=ports, segment=max(header["segment"], 1),
        taps=header["taps_last"] if last else header["taps"], words=header["psums"], last=last,
    )  # fmt: skip


def pass_count(command: Command) -> int:
    """Passes of a descriptor."""
    header = command.header
    each = [1 if fields["idle"] else header["c_blocks"] for fields, _ in command.entries]
    return header["m_blocks"] * sum(each)


@dataclass
class Machine:
    """Buffers of a C-Core, as arrays of codes and sums.

    inputs [bank][address][pixel][c], weights [row][column][sub-bank][address], sums [half][port][address][m][w]
    """

    config: CCoreConfig
    half: int = 0
    inputs: np.ndarray = field(init=False)
    weights: np.ndarray = field(init=False)
    sums: np.ndarray = field(init=False)

    def __post_init__(self):
        config, array = self.config, self.config.array
        self.inputs = np.zeros((config.banks, config.input_depth, WORD_PIXELS, array.channels), np.uint16)
        self.weights = np.zeros((config.tap_rows, TAPS, array.clusters, config.weight_depth), np.uint16)
        self.sums = np.zeros((2, 4, config.psum_depth, array.clusters, array.wpus), np.int64)

    def write_inputs(self, writes: InputWrites):
        """Write words of the input buffer."""
        self.inputs[writes.bank, writes.address] = writes.data

    def write_weights(self, writes: WeightWrites):
        """Write words of the weight buffer, each turned over the sub-banks."""
        clusters = self.config.array.clusters
        place = (np.arange(clusters) + writes.turn[:, None]) % clusters
        self.weights[writes.row[:, None], writes.column[:, None], place, writes.address[:, None]] = writes.data

    def run(self, command: Command) -> list[Drained]:
        """Run a descriptor."""
        header, gradient = command.header, command.phase == Phase.WG
        drained, address = [], 0
        for m in range(header["m_blocks"]):
            for c in range(header["c_blocks"]):
                last = c == header["c_blocks"] - 1
                for fields, rows in command.entries:
                    if fields["idle"]:
                        continue
                    slots = _Slots(self.config, header, fields, rows)
                    x = self._lanes(slots, header, fields, rows, c)
                    if gradient:
                        self._gradient(command, fields, slots, x, m, address, c)
                        address += self.config.array.channels * self.config.array.beats
                    else:
                        start = c == 0 and not header["accumulate"]
                        self._stationary(command, fields, slots, x, m, c, fields["start"] if start else 0)
            if header["drain"] and not gradient:
                drained.append(self._drain(command, m))
        if header["drain"] and gradient:
            drained.append(self._drain(command, -1))
        return drained

    def _lanes(self, slots, header, fields, rows, c) -> np.ndarray:
        """Lane codes [slot][w][r][c][k]."""
        config, array = self.config, self.config.array
        banks, stride = config.banks, 1 + header["stride2"]
        outer, inner = divmod(c, header["c_inner"])
        outer_first = header["x_outer"] + (header["c_inner"] - 1) * header["x_group"]
        base = header["x_base"] + outer * outer_first + inner * header["x_group"]
        turn = (header["turn_outer"] + (header["c_inner"] - 1) * header["turn_group"]) * outer
        turn = (turn + inner * header["turn_group"]) % banks
        group = outer * (1 + (config.blocks - 1) * header["c_inner"] + header["c_inner"] - 1) + inner
        point = fields["lanes"] == Lanes.POINT.value
        step = config.block // array.channels
        r = np.arange(array.rows)
        turns = (turn + (config.turn * step * r if point else 0 * r)) % banks
        advance = header["row_advance"] // header["row_pitch"] * banks + header["bank_advance"]
        # [slot][w][r]
        at = np.array([row["bank"] for row in rows]) + turns + advance * slots.group[:, None, None]
        at = at + stride * np.arange(array.wpus)[:, None]
        word = base + np.array([row["address"] for row in rows]) + at // banks * header["row_pitch"]
        used = (fields["rows"] >> r & 1).astype(bool) & ((group + step * r < header["groups"]) | (not point))
        ok = slots.rows_ok(header, rows, stride) & used

        column, k = np.indices((array.channels, TAPS))
        if fields["lanes"] == Lanes.PACKED.value:
            pixels = array.channels // WORD_PIXELS * WORD_PIXELS
            newest = slots.newest // WORD_PIXELS * WORD_PIXELS + WORD_PIXELS - pixels
            position, channel = newest[:, None, None] + column, k
            idle = column >= pixels
        else:
            position = slots.newest[:, None, None] + np.array(_PIXELS[Lanes(fields["lanes"])])[k]
            channel, idle = column, (fields["taps"] >> k & 1) == 0
        inside = (0 <= position) & (position < header["read_columns"]) & ~idle  # [slot][c][k]
        slots.check_window(position, inside, fields)
        inside = inside[:, None, None] & ok[..., None, None]
        position = np.broadcast_to(position[:, None, None], inside.shape)
        address = np.where(inside, word[..., None, None] + position // WORD_PIXELS, 0)
        bank = np.broadcast_to((at % banks)[..., None, None], inside.shape)
        codes = self.inputs[bank, address, position % WORD_PIXELS, np.minimum(channel, array.channels - 1)]
        return np.where(inside, codes, 0)

    def _weights(self, command, fields, m, c) -> np.ndarray:
        """Weight codes [c][m][r][k] of a pass."""
        array, header = self.config.array, command.header
        column, cluster, r, k = np.indices((array.channels, array.clusters, array.rows, TAPS))
        line = c * array.channels + column
        bank = (cluster + line) % array.clusters
        base = header["w_base"] + fields["w_offset"]
        if command.phase == Phase.FP:
            address = base + m * header["w_pitch"] + line
        else:
            address = base + line // array.clusters * header["w_pitch"] + m * array.clusters + cluster
        row, tap = r, k
        match Shuffle(fields["shuffle"]):
            case Shuffle.REVERSED:
                tap = TAPS - 1 - k
            case Shuffle.TRANSPOSED:
                both = (r < self.config.blocks) & (k < self.config.blocks)
                row, tap = np.where(both, k, r), np.where(both, r, k)
            case Shuffle.SHARED:
                row = np.where(r == 1, 0, r)
        return self.weights[row, tap, bank, address % self.config.weight_depth]

    def _stationary(self, command, fields, slots, x, m, c, start):
        array = self.config.array
        w = self._weights(command, fields, m, c)
        nowhere = np.full((len(x), array.clusters, array.wpus, 4), -1)
        values = port_values(StationaryPass(x, w, Ports(fields["ports"]), nowhere), array)
        if fields["ports"] == Ports.TOTAL.value:
            values = np.repeat(values[..., :1], 4, axis=-1)
        for port in range(4):
            n, mine = np.arange(len(x)), np.ones(len(x), bool)
            if fields["spread"]:
                n, mine = n // 4, n % 4 == port
            elif not fields["write"] >> port & 1:
                continue
            first = fields["shared_address"] if port == 0 and fields["ports"] == Ports.MIXED.value else fields["address"]
            self._add(port, first + n[mine], values[mine, :, :, port], start >> port & 1)

    def _add(self, port, address, values, start):
        sums = self.sums[self.half, port]
        sums[address] = wrap((0 if start else sums[address]) + values, self.config.array.acc_bits)

    def _gradient(self, command, fields, slots, x, m, address, c):
        array, header = self.config.array, command.header
        point = fields["lanes"] == Lanes.POINT.value
        n = np.arange(len(x))
        cluster, k, w = np.indices((array.clusters, TAPS, array.wpus))
        at = n if point else n // TAPS
        place = header["w_base"] + m * header["w_pitch"] + at[:, None, None, None]
        column = k if point else np.broadcast_to((n % TAPS)[:, None, None, None], (len(n), *k.shape))
        e = self.weights[w, column, cluster, place]
        beat = np.full((array.channels * array.beats, array.clusters, array.wpus, 4), -1)
        head = Head.ERROR_TAP if point else Head.ERROR_ROW
        values = port_values(GradientPass(x, e, head, beat), array)
        for port in TAP_PORTS:
            start = not header["accumulate"]
            self._add(port, address + np.arange(len(values)), values[:, :, :, port], start)

    def _drain(self, command, block) -> Drained:
        order = beats(job_of(command, block, self.half), self.config)
        data = self.sums[self.half, order.bank, order.address]
        sums = np.zeros((0, self.config.array.clusters), np.int64)
        if command.header["sums"]:
            maps = [
                np.where(order.mask[chosen][:, None], np.abs(data[chosen]), 0).sum(axis=(0, 2))
                for tap in (range(self.config.blocks) if order.tap.max() >= 0 else (-1,))
                for image in range(command.header["images"])
                for chosen in [(order.image == image) & (order.tap == tap)]
            ]
            sums = np.array(maps)
        self.half ^= 1
        return Drained(block, order, data, sums)


class _Slots:
    """Slots of a pass, [slot]: row group, newest pixel, and the rows of WPUs."""

    def __init__(self, config: CCoreConfig, header, fields, rows):
        stride, columns = 1 + header["stride2"], header["columns"]
        self.group, j = (index.ravel() for index in np.indices((fields["row_groups"], columns)))
        self.first = fields["newest"] // WORD_PIXELS
        self.newest = fields["newest"] + WORD_PIXELS * fields["lead"] + stride * j
        self._config, self._fields = config, fields

    def rows_ok(self, header, rows, stride) -> np.ndarray:
        """Whether the row of (w, r) is one of the read tensor, [slot][w][r]."""
        array, fields = self._config.array, self._fields
        r = np.arange(array.rows)
        shared = fields["ports"] == Ports.MIXED.value
        start = np.where((r == 1) & shared, fields["shared_row"], fields["row"])
        left = np.where((r == 1) & shared, fields["shared_left"], fields["left"])
        flat = self.group[:, None, None] * array.wpus + np.arange(array.wpus)[:, None]  # [slot][w][1]
        y = (start + flat) % header["pitch"]
        read = stride * y + np.array([row["offset"] for row in rows])
        return (flat < left) & (y < header["rows"]) & (0 <= read) & (read < header["read_rows"])

    def check_window(self, position, inside, fields):
        """Every pixel in use is one of the words that the window holds."""
        depth = self._config.array.channels // WORD_PIXELS if fields["lanes"] == Lanes.PACKED.value else 2
        newest = self.newest[:, None, None] // WORD_PIXELS
        word = position // WORD_PIXELS
        held = (word > newest - depth) & (word >= self.first) & (word <= newest)
        if not np.all(held | ~inside):
            raise ValueError("A pixel is not in the window")


def collect(command: Command, drained: list[Drained]) -> np.ndarray:
    """Results of a descriptor in the shape `layer.result_shape(phase)`; what nothing was drained for is zero."""
    layer, phase, config = command.layer, command.phase, command.config
    result = np.zeros(layer.result_shape(phase), np.int64)
    array = config.array
    for each in drained:
        order = each.order
        if phase == Phase.WG:
            _collect_gradient(command, each, result)
            continue
        line = each.block * array.clusters + np.arange(array.clusters)
        channel = line[None, :]
        if order.tap.max() >= 0:
            turn, rest = np.divmod(line[None, :], config.block)
            channel = (turn * config.blocks + order.tap[:, None]) * config.block + rest
        step = layer.stride if phase == Phase.BP else 1
        split = order.py.max(initial=-1) >= 0
        row = order.row + command.first
        y = step * row + (order.py[:, None] if split else 0)
        x = step * order.x + (order.px if split else 0)
        index = np.broadcast_arrays(
            order.image[:, None, None], channel[:, :, None], y[:, None, :], x[:, None, None]
        )
        keep = order.mask[:, None, :] & (channel[:, :, None] < result.shape[1])
        result[tuple(i[keep] for i in index)] = each.data[keep]
    return result


def _collect_gradient(command: Command, each: Drained, result):
    """Gradients of all passes: pass by pass, column channels-1 first, `beats` beats a column."""
    config, header, layer = command.config, command.header, command.layer
    array, order = config.array, each.order
    word, beat = np.divmod(order.address, array.beats)
    number, column = np.divmod(word, array.channels)
    c = array.channels - 1 - column
    number, entry = np.divmod(number, len(command.entries))
    m, block = np.divmod(number, header["c_blocks"])
    w, cluster = np.arange(array.wpus), np.arange(array.clusters)
    r = beat[:, None] * array.wpus + w  # [beat][w]
    code = command.entries[0][0]["lanes"]
    o = (m * array.clusters)[:, None] + cluster  # [beat][m]
    i = (block * array.channels + c)[:, None] + 0 * r  # [beat][w]
    tap = order.tap
    rows = np.array([[fields["rows"] >> q & 1 for q in range(array.rows)] for fields, _ in command.entries], bool)
    used = (r < array.rows) & rows[entry[:, None], np.minimum(r, array.rows - 1)]
    if code == Lanes.POINT.value:
        turn, rest = np.divmod(o, config.block)
        o = (turn * config.blocks + tap[:, None]) * config.block + rest
        o = np.where((tap < config.blocks)[:, None], o, layer.out_channels)
        turn, rest = np.divmod(i, config.block)
        i = (turn * config.blocks + r) * config.block + rest
        ky = kx = 0 * r
    else:
        columns = 1 if code == Lanes.PACKED.value else -(-layer.kernel // TAPS)
        a, b = np.divmod(entry, columns)
        ky = a[:, None] * array.rows + r
        kx = (b * TAPS + tap)[:, None] + 0 * r
        if code == Lanes.PACKED.value:
            i, kx = kx, i - packed_shift(layer, config)
    inside = used & (i < layer.in_channels) & (0 <= kx) & (kx < layer.kernel) & (ky < layer.kernel)
    keep = inside[:, None, :] & (o < layer.out_channels)[:, :, None]
    index = np.broadcast_arrays(o[:, :, None], i[:, None, :], ky[:, None, :], kx[:, None, :])
    result[tuple(q[keep] for q in index)] = each.data[keep]
