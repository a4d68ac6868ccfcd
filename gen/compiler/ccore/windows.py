"""Windows of a kernel: which taps, pixels and rows the lanes of one pass take.

Window (a, b) of a kernel covers its rows a*R .. and columns 3b .., so that array row r always has kernel rows that are
r mod R and the weight network needs no other exchange than that of columns. All lanes of a row lie within three
neighbouring pixels.
"""

import itertools
from dataclasses import dataclass, replace

from hw.arch.array.config import TAPS
from hw.arch.array.control import SPLIT_PORTS, Ports
from hw.arch.ccore.config import Lanes, Shuffle

__all__ = [
    "Window",
    "conv_windows",
    "packed_windows",
    "point_window",
    "rotated_windows",
    "split_ports",
    "split_windows",
]


@dataclass(frozen=True)
class Window:
    """One pass of a kernel over a row group.

    row : kernel row of each array row, -1: idle.
    taps : kernel column of each tap, -1: idle.
    offset : row of the read tensor of each array row, from stride * grid row.
    newest : newest pixel of the slot of column 0; lane pixels are relative to it (:class:`hw.arch.ccore.config.Lanes`).
    ports : what the ports carry.
    bank : -1, or the one port that takes the total.
    """

    row: tuple[int, ...]
    taps: tuple[int, ...]
    offset: tuple[int, ...]
    newest: int
    lanes: Lanes
    shuffle: Shuffle
    ports: Ports = Ports.TOTAL
    bank: int = -1


def _rows(kernel: int, rows: int):
    """Kernel rows of each window, and its number."""
    for a in range(-(-kernel // rows)):
        yield tuple(y if y < kernel else -1 for y in range(a * rows, (a + 1) * rows))


def _columns(kernel: int):
    """Kernel columns of each window in increasing order."""
    for b in range(-(-kernel // TAPS)):
        yield tuple(x if x < kernel else -1 for x in range(b * TAPS, (b + 1) * TAPS))


def _offsets(kernel_rows: tuple[int, ...], top: int) -> tuple[int, ...]:
    """Rows of the read tensor from stride * grid row, where kernel rows rise."""
    return tuple(y - top if y >= 0 else 0 for y in kernel_rows)


def conv_windows(kernel: int, top: int, left: int, rows: int, ports: Ports = Ports.TOTAL) -> list[Window]:
    """FP and WG: pixel stride*j + kx - left, row stride*i + ky - top."""
    return [
        Window(ky, kx, _offsets(ky, top), TAPS * b + 2 - left, Lanes.CONV, Shuffle.DIRECT, ports)
        for ky in _rows(kernel, rows)
        for b, kx in enumerate(_columns(kernel))
    ]


def packed_windows(kernel: int, top: int, left: int, rows: int, ports: Ports = Ports.TOTAL) -> list[Window]:
    """FP and WG at stride 2 of at most three channels: the pixels of a row at once, taps are channels."""
    return [
        Window(ky, (0, 1, 2), _offsets(ky, top), kernel - 1 - left, Lanes.PACKED, Shuffle.DIRECT, ports)
        for ky in _rows(kernel, rows)
    ]


def rotated_windows(kernel: int, top: int, left: int, rows: int) -> list[Window]:
    """BP at stride 1: pixel j + left - kx, row i + top - ky; columns fall, so taps are reversed."""
    return [
        Window(ky, kx[::-1], tuple(top - y if y >= 0 else 0 for y in ky), left - TAPS * b, Lanes.CONV, Shuffle.REVERSED)
        for ky in _rows(kernel, rows)
        for b, kx in enumerate(_columns(kernel))
    ]


def point_window(rows: int, blocks: int, ports: Ports, shuffle: Shuffle) -> Window:
    """1x1 kernels: rows take blocks of input channels and taps blocks of output channels of the same pixel."""
    ky = tuple(0 if r < blocks else -1 for r in range(rows))
    kx = tuple(0 if k < blocks else -1 for k in range(TAPS))
    return Window(ky, kx, (0,) * rows, 1, Lanes.POINT, shuffle, ports)


def split_ports(top: int, left: int) -> tuple[tuple[int, ...], ...]:
    """Port of output class (row parity, column parity) of a stride-2 BP.

    Kernel row and column 0 meet the outer lanes.
    """
    return tuple(
        tuple(SPLIT_PORTS[int((top - py) % 2 == 0), int((left - px) % 2 == 0)] for px in (0, 1)) for py in (0, 1)
    )


def split_windows(kernel: int, top: int, left: int, rows: int) -> list[Window]:
    """BP at stride 2: output 2i + parity meets kernel index t where parity + padding - t is even.

    Neighbouring kernel indices meet opposite parities, and so do array row 1 and its neighbours, and tap 1 and its
    neighbours: one pass gives all four classes. Where a window starts with an odd index its classes are exchanged; each
    then takes a pass of its own, on the port of its class.
    """
    windows = []
    for ky in _rows(kernel, rows):
        for b, columns in enumerate(_columns(kernel)):
            kx = columns[::-1]
            parity = (TAPS * b - left) % 2
            newest = (parity + left - TAPS * b) // 2
            lanes = Lanes.SPLIT_ODD if parity else Lanes.SPLIT_EVEN
            offset = tuple(((y - top) % 2 + top - y) // 2 if y >= 0 else 0 for y in ky)
            window = Window(ky, kx, offset, newest, lanes, Shuffle.REVERSED, Ports.SPLIT)
            rest = ky
            if ky[0] % 2 == 0 and b % 2 == 0:
                chosen = tuple(y if r == 1 or r % 2 == 0 else -1 for r, y in enumerate(ky))
                windows.append(replace(window, row=chosen))
                rest = tuple(-1 if chosen[r] >= 0 else y for r, y in enumerate(ky))
            windows += _classes(replace(window, row=rest), top, left)
    return windows


def _classes(window: Window, top: int, left: int) -> list[Window]:
    """A window of a stride-2 BP as one for each output class that it reaches."""
    ports, found = split_ports(top, left), []
    for py, px in itertools.product((0, 1), repeat=2):
        row = tuple(y if y >= 0 and (y - top) % 2 == py else -1 for y in window.row)
        taps = tuple(x if x >= 0 and (x - left) % 2 == px else -1 for x in window.taps)
        if max(row) >= 0 and max(taps) >= 0:
            found.append(replace(window, row=row, taps=taps, ports=Ports.TOTAL, bank=ports[py][px]))
    return found
