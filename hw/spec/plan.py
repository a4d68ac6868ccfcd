"""From a layer, a phase and a C-Core to its descriptor: the windows of its kernel, its regions and its loop nest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .ccore import WORD_PIXELS, CCoreConfig, Lanes, Shuffle
from .config import TAPS
from .control import TAP_PORTS, Ports
from .descriptor import ENTRY, HEADER, MAX_ENTRIES, ROW, Code, encode
from .drain import DrainMode
from .layer import Layer, Phase
from .regions import ErrorRegion, InputRegion, WeightRegion
from .windows import (
    SHARED_PORTS,
    Window,
    conv_windows,
    packed_windows,
    point_window,
    rotated_windows,
    split_ports,
    split_windows,
)

__all__ = ["LOOP", "Command", "Tile", "packed_shift", "packs", "plan"]

#: Fewest cycles from a partial sum's write to its next read: reading, zeroing, adding and writing.
LOOP = 4

#: Value of the entry's field `sum` for the port of the slot, and for port 0.
_SUM_SLOT, _SUM_PORT = 1, 4


@dataclass(frozen=True)
class Tile:
    """Grid rows of a single image that a descriptor works on: `first` and how many."""

    first: int
    rows: int


@dataclass(frozen=True)
class Command:
    """A descriptor with what lies around it.

    header, entries : fields by name; `rows` of an entry are the words of its array rows.
    inputs : InputRegion of the tensor that is read, x or e.
    weights : WeightRegion, or ErrorRegion of a weight gradient.
    loaded : first row of the read tensor in its region.
    """

    config: CCoreConfig
    layer: Layer
    phase: Phase
    header: Mapping[str, int]
    entries: Sequence[tuple[Mapping[str, int], Sequence[Mapping[str, int]]]]
    inputs: InputRegion
    weights: WeightRegion | ErrorRegion
    loaded: int = 0
    first: int = 0

    def words(self) -> list[int]:
        """The descriptor as words of 32 bits."""
        words = encode(HEADER, self.header)
        for fields, rows in self.entries:
            words += encode(ENTRY, fields)
            for row in rows:
                words += encode((ROW,), row)
        return words

    def cycles(self) -> int:
        """Cycles from the first slot to the first slot of what follows, where drains are no slower.

        A pass takes max(row groups * (columns + lead), channels, :data:`LOOP`) cycles, a gradient pass
        row groups * (columns + lead) + channels * beats - 1, at least :data:`LOOP`.
        """
        array, header = self.config.array, self.header
        total = 0
        for fields, _ in self.entries:
            slots = fields["row_groups"] * (header["columns"] + fields["lead"])
            if self.phase == Phase.WG:
                length = max(slots + array.channels * array.beats - 1, LOOP)
            else:
                length = max(slots, array.channels, LOOP)
            total += length * (1 if fields["idle"] else header["c_blocks"])
        return total * header["m_blocks"]


def packs(layer: Layer, config: CCoreConfig) -> bool:
    """Whether the kernel's pixels take the columns of the array, and its channels the taps.

    Done at stride 2 for at most three channels where it saves passes: a row of 7 taps is one pass instead of three.
    """
    columns = config.array.channels // WORD_PIXELS * WORD_PIXELS
    newest = layer.kernel - 1 - layer.padding
    first = WORD_PIXELS * (newest // WORD_PIXELS + 1) - columns
    return (
        layer.stride == 2
        and layer.in_channels <= TAPS < layer.kernel
        and columns >= 4
        and first + layer.padding <= 0
    )


def packed_shift(layer: Layer, config: CCoreConfig) -> int:
    """Column of a packed kernel's first pixel."""
    columns = config.array.channels // WORD_PIXELS * WORD_PIXELS
    newest = layer.kernel - 1 - layer.padding
    return -(WORD_PIXELS * (newest // WORD_PIXELS + 1) - columns + layer.padding)


@dataclass(frozen=True)
class _Grid:
    """What the slots run over: `rows` x `columns` an image, read `stride` pixels apart."""

    rows: int
    columns: int
    stride: int
    reads: int  # channels of the read tensor
    gives: int  # channels of the result
    height: int  # rows and columns of the read tensor
    width: int


def _grid(layer: Layer, phase: Phase, split: bool, point: bool) -> _Grid:
    read_x = phase != Phase.BP
    height, width = (layer.height, layer.width) if read_x else (layer.out_height, layer.out_width)
    rows, columns = layer.out_height, layer.out_width
    if phase == Phase.BP and not point:
        rows, columns = layer.height, layer.width
        if split:
            rows, columns = -(-rows // 2), -(-columns // 2)
    reads, gives = layer.in_channels, layer.out_channels
    if not read_x:
        reads, gives = gives, reads
    return _Grid(rows, columns, layer.stride if read_x else 1, reads, gives, height, width)


def _lines(channels: int, config: CCoreConfig) -> int:
    """Lines of the widest tap group of a 1x1 layer's dimension."""
    turns, rest = divmod(channels, config.block * config.blocks)
    return turns * config.block + min(rest, config.block)


def _lead(window: Window, stride: int, columns: int) -> int:
    """Slots before column 0 that bring the words which slot 0 needs besides the newest."""
    if window.lanes == Lanes.PACKED:
        depth = columns // WORD_PIXELS
        oldest = 0
    else:
        depth = 2
        lanes = {
            Lanes.CONV: (-2, -1, 0), Lanes.SPLIT_ODD: (-1, -1, 0), Lanes.SPLIT_EVEN: (-1, 0, 0), Lanes.POINT: (-1,) * 3,
        }[window.lanes]  # fmt: skip
        used = [window.newest + lane for lane, tap in zip(lanes, window.taps, strict=True) if tap >= 0]
        oldest = max(min(used), 0)
    newest = window.newest // WORD_PIXELS
    return max(0, min(newest - oldest // WORD_PIXELS, depth - 1))


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

    Parameters
    ----------
    layer : Layer
        Its batch is that of the tile.
    x_base, w_base : int
        Where the read tensor and the weights, or errors, begin.
    tile : Tile, optional
        Rows of the grid, of a single image; without it all rows.
    packed : bool, optional
        Whether the kernel is packed; by default where :func:`packs` says so. BP needs unpacked weights.
    accumulate, drain, sums, tag
        See :data:`hw.spec.descriptor.HEADER`.

    Raises
    ------
    ValueError
        If a number does not fit its field, a tile has several images or no row, or the kernel has too many windows.
    """
    array = config.array
    point = layer.kernel == 1 and layer.padding == 0
    split = phase == Phase.BP and layer.stride == 2 and not point
    packed = phase != Phase.BP and not point and (packs(layer, config) if packed is None else packed)
    grid = _grid(layer, phase, split, point)
    first, rows = (tile.first, tile.rows) if tile else (0, grid.rows)
    if tile and (layer.batch > 1 or rows < 1 or first < 0 or first + rows > grid.rows):
        raise ValueError(f"A tile must hold 1 to {grid.rows} rows of a single image, not {tile} of {layer.batch} images")

    windows = _windows(layer, phase, config, point=point, split=split, packed=packed)
    low = min(o for window in windows for o, y in zip(window.offset, window.row, strict=True) if y >= 0)
    high = max(o for window in windows for o, y in zip(window.offset, window.row, strict=True) if y >= 0)
    loaded = min(max(0, grid.stride * first + low), grid.height - 1) if tile else 0
    end = min(grid.height, grid.stride * (first + rows - 1) + high + 1) if tile else grid.height
    read_rows = max(end - loaded, 1)
    shift = grid.stride * first - loaded
    pitch = max(rows, -(-read_rows // grid.stride))

    inputs = InputRegion(config, layer.batch, grid.reads, read_rows, grid.width, grid.stride * pitch, x_base)
    weights = _weights(layer, phase, config, grid, pitch, rows, w_base, point=point, packed=packed)
    total = pitch * (layer.batch - 1) + rows
    groups = -(-total // array.wpus)
    build = _Builder(config, layer, phase, grid, inputs, weights, windows, groups, total, pitch, shift, sums, split, packed)
    entries, segment = build.entries()
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"A kernel must have at most {MAX_ENTRIES} windows, not {len(entries)}: {layer} on {array}")

    step = config.block // array.channels if point else 1
    turned = (config.blocks - 1) * step + 1 if point else 1
    m_lines, c_lines = (_lines(n, config) if point else n for n in (grid.gives, grid.reads))
    m_blocks, c_blocks = -(-m_lines // array.clusters), 1 if packed else -(-c_lines // array.channels)
    mode, psums = build.drain(segment, m_blocks * c_blocks * len(entries))
    taps = config.blocks if point else TAPS
    last_block = (m_blocks - 1) * array.clusters
    header = {
        "pattern": _code(phase, layer, point, packed).value,
        "stride2": int(grid.stride == 2),
        "accumulate": int(accumulate), "drain": int(drain), "sums": int(sums), "entries": len(entries), "tag": tag,
        "m_blocks": m_blocks, "c_blocks": c_blocks, "c_inner": step,
        "pitch": pitch, "rows": rows, "read_rows": read_rows, "images": layer.batch,
        "columns": grid.columns, "read_columns": grid.width,
        "row_step": array.wpus % pitch, "groups": inputs.groups,
        "x_base": x_base, "x_words": inputs.words - 1,
        "x_group": inputs.group, "x_outer": turned * inputs.group,
        "row_pitch": inputs.row, "row_advance": grid.stride * array.wpus // config.banks * inputs.row,
        "turn_group": config.turn, "turn_outer": config.turn * turned % config.banks,
        "bank_advance": grid.stride * array.wpus % config.banks,
        "w_base": w_base, "w_words": weights.words - 1,
        "w_pitch": weights.pitch,
        "w_last": (array.channels - 1) // array.clusters * weights.pitch,
        "w_block": array.channels // array.clusters * weights.pitch,
        "drain_mode": mode.value,
        "odd_rows": int(split and layer.height % 2 and first + rows == grid.rows),
        "odd_columns": int(split and layer.width % 2),
        "ports": _pack_ports(split_ports(layer.padding, layer.padding)) if split else 0,
        "taps": taps,
        "taps_last": sum(_channel(last_block, tap, config) < grid.gives for tap in range(taps)) if point else taps,
        "segment": segment, "psums": psums,
    }  # fmt: skip
    return Command(config, layer, phase, header, entries, inputs, weights, loaded, first)


def _channel(line: int, tap: int, config: CCoreConfig) -> int:
    """Channel of a line of a tap group of a 1x1 layer."""
    turn, rest = divmod(line, config.block)
    return (turn * config.blocks + tap) * config.block + rest


def _pack_ports(ports) -> int:
    return sum(ports[py][px] << 2 * (2 * py + px) for py in (0, 1) for px in (0, 1))


def _code(phase: Phase, layer: Layer, point: bool, packed: bool) -> Code:
    kind = "POINT" if point else "PACKED" if packed else f"S{layer.stride}"
    return Code[f"{phase}_{kind}"]


def _windows(layer: Layer, phase: Phase, config: CCoreConfig, *, point, split, packed) -> list[Window]:
    kernel, padding, rows = layer.kernel, layer.padding, config.array.rows
    ports = Ports.GRADIENT if phase == Phase.WG else Ports.TOTAL
    if point:
        shuffle = Shuffle.TRANSPOSED if phase == Phase.BP else Shuffle.DIRECT
        return [point_window(rows, config.blocks, Ports.TAPS if phase != Phase.WG else ports, shuffle)]
    if split:
        return split_windows(kernel, padding, padding, rows)
    if phase == Phase.BP:
        return rotated_windows(kernel, padding, padding, rows)
    if packed:
        return packed_windows(kernel, padding, padding, rows, ports)
    return conv_windows(kernel, padding, padding, rows, ports)


def _weights(layer, phase, config, grid, pitch, rows, base, *, point, packed):
    if phase == Phase.WG:
        groups = -(-(pitch * (layer.batch - 1) + rows) // config.array.wpus)
        return ErrorRegion(config, layer.out_channels, groups * grid.columns, point, base)
    if packed:
        columns = config.array.channels // WORD_PIXELS * WORD_PIXELS
        shift = packed_shift(layer, config)
        return WeightRegion(config, layer.out_channels, columns, layer.kernel, False, layer.in_channels, shift, base)
    return WeightRegion(config, layer.out_channels, layer.in_channels, layer.kernel, point, base=base)


@dataclass(frozen=True)
class _Run:
    """Row groups that an entry works on, and where their partial sums lie; `bank` -1: spread over the ports."""

    start: int
    groups: int
    bank: int
    address: int = 0


@dataclass(frozen=True)
class _Builder:
    """Entries of a descriptor."""

    config: CCoreConfig
    layer: Layer
    phase: Phase
    grid: _Grid
    inputs: InputRegion
    weights: WeightRegion | ErrorRegion
    windows: list[Window]
    groups: int
    total: int
    pitch: int
    shift: int
    sums: bool
    split: bool
    packed: bool

    @property
    def _dense(self) -> bool:
        """Whether every window gives totals, spread over the ports."""
        return all(w.ports == Ports.TOTAL and w.bank < 0 for w in self.windows)

    def drain(self, segment: int, passes: int) -> tuple[DrainMode, int]:
        """Order of the drain, and the partial sums of a port that a block takes."""
        slots = self.groups * self.grid.columns
        if self.phase == Phase.WG:
            return DrainMode.GRADIENT, passes * self.config.array.channels * self.config.array.beats
        if segment:
            return DrainMode.SEGMENTS, max(segment, self.groups - 2 * segment) * self.grid.columns
        if self._dense:
            return DrainMode.DENSE, -(-slots // 4)
        return DrainMode.SPLIT if self.split else DrainMode.TAPS, slots

    def entries(self):
        """Entries, and the row groups of a segment (0: there are none)."""
        whole = _Run(0, self.groups, -1)
        plain = [self._entry(w, whole, n) for n, w in enumerate(self.windows)]
        if self.sums and self.phase == Phase.FP:
            return self._with_sums(plain), 0
        segment = self._segment()
        if not segment:
            return plain, 0
        shared = self._shared(segment)

        def slots(entries):
            return sum(fields["row_groups"] * (self.grid.columns + fields["lead"]) for fields, _ in entries)

        return (shared, segment) if slots(shared) < slots(plain) else (plain, 0)

    def _with_sums(self, entries):
        """The last entry takes the sums of |x|; of a 1x1 layer those of tap 0, and two passes without products the rest."""
        lead = max(entries[-1][0]["lead"], self.config.array.wpus - self.grid.columns)
        fields, rows = entries[-1]
        fields = {**fields, "lead": lead, "newest": self.windows[-1].newest - WORD_PIXELS * lead, "sum": _SUM_SLOT}
        taps = TAP_PORTS[: self.config.blocks] if not self._dense else ()
        if taps:
            fields["sum"] = _SUM_PORT + taps[0]
        idle = [({**fields, "sum": _SUM_PORT + port, "idle": 1, "start": 0}, rows) for port in taps[1:]]
        return [*entries[:-1], (fields, rows), *idle]

    def _segment(self) -> int:
        """Row groups of each of two segments that share the passes of the last kernel row, or 0.

        With kernel mod rows = 1, the last kernel row keeps one array row busy: two row groups share the pass, one on
        array row 0 and one on array row 1. Their input rows must lie in different banks.
        """
        array, columns = self.config.array, self.grid.columns
        if self.phase != Phase.FP or array.rows < 2 or self.layer.kernel <= array.rows or not self._dense:
            return 0
        if self.layer.kernel % array.rows != 1:
            return 0
        segment = min(self.groups // 2, self.config.psum_depth // columns)
        while segment and not self._apart(segment):
            segment -= 1
        rest = (self.groups - 2 * segment) * columns
        return segment if columns >= LOOP and rest <= self.config.psum_depth else 0

    def _apart(self, segment: int) -> bool:
        """Whether the rows of two segments lie in different banks."""
        array, stride = self.config.array, self.grid.stride
        rows = [stride * (w + segment * array.wpus * n) % self.config.banks for w in range(array.wpus) for n in (0, 1)]
        return len(set(rows)) == len(rows)

    def _shared(self, segment: int):
        runs = [_Run(0, segment, 2), _Run(segment, segment, 0)]
        if self.groups > 2 * segment:
            runs.append(_Run(2 * segment, self.groups - 2 * segment, 1))
        columns = self.weights.windows[1]
        full, last = self.windows[:-columns], self.windows[-columns:]
        entries = [self._entry(w, run, n) for run in runs for n, w in enumerate(full)]
        for window in last:
            row = (window.row[0], window.row[0], *window.row[2:])
            offset = (window.offset[0], window.offset[0], *window.offset[2:])
            both = replace(window, row=row, offset=offset, shuffle=Shuffle.SHARED, ports=Ports.MIXED)
            entries.append(self._entry(both, runs[0], len(full), runs[1]))
            entries += [self._entry(window, run, len(full)) for run in runs[2:]]
        return entries

    def _entry(self, window: Window, run: _Run, number: int, other: _Run | None = None):
        """Fields of an entry and of its rows; `number` counts the windows that its partial sums have met."""
        array, config, grid = self.config.array, self.config, self.grid
        other = other or run
        lead = _lead(window, grid.stride, array.channels)
        write = {
            Ports.SPLIT: 0b1111, Ports.MIXED: sum(1 << port for port in SHARED_PORTS),
            Ports.TOTAL: 0b1111,
        }.get(window.ports, sum(1 << port for port in TAP_PORTS))  # fmt: skip
        bank = window.bank if window.bank >= 0 else run.bank
        spread = window.ports == Ports.TOTAL and bank < 0
        if window.ports == Ports.TOTAL and bank >= 0:
            write = 1 << bank
        rows = []
        for r in range(array.rows):
            which = other if r == 1 else run
            start = grid.stride * which.start * array.wpus + self.shift + window.offset[r]
            line, at = divmod(start, config.banks)
            group = r * (config.block // array.channels) * self.inputs.group if window.lanes == Lanes.POINT else 0
            rows.append({"offset": window.offset[r] + self.shift, "bank": at, "address": line * self.inputs.row + group})
        # Idle rows ask for what a row in use asks for, so that they disturb no bank.
        used = next(r for r, y in enumerate(window.row) if y >= 0)
        rows = [rows[r if y >= 0 else used] for r, y in enumerate(window.row)]
        fields = {
            "lanes": window.lanes.value, "lead": lead, "newest": window.newest - WORD_PIXELS * lead,
            "ports": window.ports.value, "spread": int(spread), "write": write,
            "start": write if number == 0 else 0, "sum": 0,
            "rows": sum(1 << r for r, y in enumerate(window.row) if y >= 0),
            "taps": sum(1 << k for k, x in enumerate(window.taps) if x >= 0),
            "shuffle": window.shuffle.value, "idle": 0,
            "row_groups": run.groups, "left": self.total - run.start * array.wpus,
            "row": run.start * array.wpus % self.pitch, "shared_row": other.start * array.wpus % self.pitch,
            "shared_left": self.total - other.start * array.wpus,
            "address": run.address, "shared_address": other.address, "w_offset": self._window_address(window),
        }  # fmt: skip
        return fields, rows

    def _window_address(self, window: Window) -> int:
        if not isinstance(self.weights, WeightRegion):
            return 0
        rows, columns = self.weights.windows
        a = max(window.row) // self.config.array.rows
        b = 0 if self.packed else max(window.taps) // TAPS
        return (a * columns + b) * self.weights.window
