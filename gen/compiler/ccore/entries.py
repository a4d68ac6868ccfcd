"""Entries of a descriptor: a pass over the row groups for each window of the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gen.model.layer import Phase
from hw.arch.array.config import TAPS
from hw.arch.array.control import RESULT_PORTS, TAP_PORTS, Ports
from hw.arch.ccore.config import LOOP, WORD_PIXELS, Lanes, Shuffle
from hw.arch.ccore.descriptor import MAX_ENTRIES
from hw.arch.ccore.regions import ErrorRegion, InputRegion, WeightRegion

from .command import Entry
from .packing import packed_pixels
from .pattern import Pattern
from .tile import Extent
from .windows import Window

__all__ = ["Passes", "passes"]

#: Value of the entry's field `sum` for the port of the slot, and for port 0.
_SUM_SLOT, _SUM_PORT = 1, 4

#: Ports that are written, by what they carry.
_WRITTEN = {mode: sum(1 << port for port in ports) for mode, ports in RESULT_PORTS.items()}

#: Pixel of each lane from the newest one, of the windows that hold two words.
_PIXELS = {
    Lanes.CONV: (-2, -1, 0),
    Lanes.SPLIT_ODD: (-1, -1, 0),
    Lanes.SPLIT_EVEN: (-1, 0, 0),
    Lanes.POINT: (-1, -1, -1),
}


@dataclass(frozen=True)
class Passes:
    """Entries of a descriptor, and the row groups of a segment (0: each pass takes all row groups)."""

    entries: Sequence[Entry]
    segment: int = 0


@dataclass(frozen=True)
class _Run:
    """Row groups that an entry works on, and the one port of their partial sums; -1: spread over the ports."""

    start: int
    groups: int
    bank: int = -1


def passes(
    pattern: Pattern,
    rows: Extent,
    inputs: InputRegion,
    weights: WeightRegion | ErrorRegion,
    sums: bool,
    share: bool = True,
) -> Passes:
    """The entries of a pattern: one a window, or fewer where row groups share the last kernel row.

    Parameters
    ----------
    pattern : Pattern
    rows : Extent
    inputs, weights : InputRegion, WeightRegion or ErrorRegion
        What is read.
    sums : bool
        Whether the sums of |x| are taken, which keeps row groups apart.
    share : bool
        Whether row groups may share the last kernel row.
    """
    build = _Builder(pattern, rows, inputs, weights)
    plain = [build.entry(window, build.whole, n) for n, window in enumerate(pattern.windows)]
    if sums:
        return Passes(build.level(build.with_sums(plain)))
    segment = build.segment() if share else 0
    if not segment:
        return Passes(build.level(plain))
    shared = Passes(build.shared(segment), segment)
    return min(Passes(plain), shared, key=build.slots) if len(shared.entries) <= MAX_ENTRIES else Passes(plain)


def _lead(window: Window, pixels: int) -> int:
    """Slots before column 0 that bring the words which slot 0 needs besides the newest; `pixels` of a packed window."""
    if window.lanes == Lanes.PACKED:
        depth, oldest = pixels // WORD_PIXELS, 0
    else:
        depth = 2
        used = [lane for lane, tap in zip(_PIXELS[window.lanes], window.taps, strict=True) if tap >= 0]
        oldest = max(window.newest + min(used), 0)
    return max(0, min(window.newest // WORD_PIXELS - oldest // WORD_PIXELS, depth - 1))


@dataclass(frozen=True)
class _Builder:
    """Fields of the entries of a pattern."""

    pattern: Pattern
    rows: Extent
    inputs: InputRegion
    weights: WeightRegion | ErrorRegion

    @property
    def whole(self) -> _Run:
        """All row groups."""
        return _Run(0, self.rows.groups(self.pattern.config.array.wpus))

    def slots(self, taken: Passes) -> int:
        """Slots of a block."""
        columns = self.pattern.grid[1]
        return sum(fields["row_groups"] * (columns + fields["lead"]) for fields, _ in taken.entries)

    def level(self, entries: list[Entry]) -> list[Entry]:
        """Entries of fewer slots than :data:`LOOP` with one lead, so that no sum is met again sooner."""
        if self.whole.groups * self.pattern.grid[1] >= LOOP:
            return entries
        most = max(fields["lead"] for fields, _ in entries)

        def led(fields):
            newest = fields["newest"] + WORD_PIXELS * (fields["lead"] - most)
            return {**fields, "lead": most, "newest": newest}

        return [(led(fields), rows) for fields, rows in entries]

    def with_sums(self, entries: list[Entry]) -> list[Entry]:
        """The last entry takes the sums of |x|; of a 1x1 layer those of tap 0, and passes without products the rest."""
        config = self.pattern.config
        fields, rows = entries[-1]
        lead = max(fields["lead"], config.array.wpus - self.pattern.grid[1])
        fields = {**fields, "lead": lead, "newest": self.pattern.windows[-1].newest - WORD_PIXELS * lead}
        taps = () if self.pattern.spread else TAP_PORTS[: config.blocks]
        fields["sum"] = _SUM_PORT + taps[0] if taps else _SUM_SLOT
        idle = [({**fields, "sum": _SUM_PORT + port, "idle": 1, "start": 0}, rows) for port in taps[1:]]
        return [*entries[:-1], (fields, rows), *idle]

    def segment(self) -> int:
        """Row groups of each of two segments that share the passes of the last kernel row, or 0.

        With kernel mod rows = 1, the last kernel row keeps one array row busy: two row groups share the pass, one on
        array row 0 and one on array row 1. Their input rows must lie in different banks.
        """
        pattern, array, columns = self.pattern, self.pattern.config.array, self.pattern.grid[1]
        kernel, depth, groups = pattern.layer.kernel, pattern.config.psum_depth, self.whole.groups
        if pattern.phase != Phase.FP or not pattern.spread or array.rows < 2 or columns < LOOP:
            return 0
        if kernel <= array.rows or kernel % array.rows != 1:
            return 0
        segment = min(groups // 2, depth // columns)
        while segment and not self._apart(segment):
            segment -= 1
        return segment if (groups - 2 * segment) * columns <= depth else 0

    def _apart(self, segment: int) -> bool:
        """Whether the rows of two segments lie in different banks."""
        config, stride = self.pattern.config, self.pattern.stride
        wpus = config.array.wpus
        banks = {stride * (w + segment * wpus * n) % config.banks for w in range(wpus) for n in (0, 1)}
        return len(banks) == 2 * wpus

    def shared(self, segment: int) -> list[Entry]:
        """Entries of two segments that share the last kernel row, and of the row groups that are left."""
        rest = self.whole.groups - 2 * segment
        runs = [_Run(0, segment, 2), _Run(segment, segment, 0)] + [_Run(2 * segment, rest, 1)] * (rest > 0)
        assert isinstance(self.weights, WeightRegion)  # FP reads weights
        windows, columns = self.pattern.windows, self.weights.windows[1]
        full, last = windows[:-columns], windows[-columns:]
        entries = [self.entry(window, run, n) for run in runs for n, window in enumerate(full)]
        for window in last:
            row = (window.row[0], window.row[0], *window.row[2:])
            offset = (window.offset[0], window.offset[0], *window.offset[2:])
            both = replace(window, row=row, offset=offset, shuffle=Shuffle.SHARED, ports=Ports.MIXED)
            entries.append(self.entry(both, runs[0], len(full), runs[1]))
            entries += [self.entry(window, run, len(full)) for run in runs[2:]]
        return entries

    def entry(self, window: Window, run: _Run, number: int, other: _Run | None = None) -> Entry:
        """Fields of an entry and of its rows; `number` counts the windows that its partial sums have met.

        `other` are the row groups of array row 1, where it works on others.
        """
        wpus, total, pitch = self.pattern.config.array.wpus, self.rows.total, self.rows.pitch
        other = other or run
        lead = _lead(window, packed_pixels(self.pattern.config))
        bank = window.bank if window.bank >= 0 else run.bank
        single = window.ports == Ports.TOTAL and bank >= 0
        write = 1 << bank if single else _WRITTEN[window.ports]
        fields = {
            "lanes": window.lanes,
            "lead": lead,
            "newest": window.newest - WORD_PIXELS * lead,
            "ports": window.ports,
            "spread": int(window.ports == Ports.TOTAL and not single),
            "write": write,
            "start": write if number == 0 else 0,
            "sum": 0,
            "rows": sum(1 << r for r, y in enumerate(window.row) if y >= 0),
            "taps": sum(1 << k for k, x in enumerate(window.taps) if x >= 0),
            "shuffle": window.shuffle,
            "idle": 0,
            "row_groups": run.groups,
            "left": total - run.start * wpus,
            "row": run.start * wpus % pitch,
            "shared_row": other.start * wpus % pitch,
            "shared_left": total - other.start * wpus,
            "address": 0,
            "shared_address": 0,
            "w_offset": self._window_address(window),
        }
        starts = [other.start if r == 1 else run.start for r in range(len(window.row))]
        # Idle rows ask for what a row in use asks for, so that they disturb no bank.
        used = next(r for r, y in enumerate(window.row) if y >= 0)
        asked = [r if y >= 0 else used for r, y in enumerate(window.row)]
        return fields, [self._row(window, r, starts[r]) for r in asked]

    def _row(self, window: Window, r: int, start: int) -> dict[str, int]:
        """Word of an array row whose first row group is `start`."""
        config, stride = self.pattern.config, self.pattern.stride
        offset = window.offset[r] + stride * self.rows.first - self.rows.loaded
        line, bank = divmod(stride * start * config.array.wpus + offset, config.banks)
        address = line * self.inputs.row
        if window.lanes == Lanes.POINT:
            address += r * (config.block // config.array.channels) * self.inputs.group
        return {"offset": offset, "bank": bank, "address": address}

    def _window_address(self, window: Window) -> int:
        """Address of the weights of a window, from `w_base`."""
        if not isinstance(self.weights, WeightRegion):
            return 0
        a = max(window.row) // self.pattern.config.array.rows
        b = 0 if self.pattern.packed else max(window.taps) // TAPS
        return (a * self.weights.windows[1] + b) * self.weights.window
