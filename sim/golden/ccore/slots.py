"""The slots of a pass: which words of the input buffer they read, and which pixels reach the lanes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.array.control import Ports
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig, Lanes

__all__ = ["Slots"]

#: Pixel of each lane from the newest one.
_PIXELS = {
    Lanes.CONV: (-2, -1, 0),
    Lanes.SPLIT_ODD: (-1, -1, 0),
    Lanes.SPLIT_EVEN: (-1, 0, 0),
    Lanes.POINT: (-1, -1, -1),
}


class Slots:
    """Slots of one pass, row group by row group, column by column.

    Parameters
    ----------
    config : CCoreConfig
    header, fields, rows : mapping, mapping, sequence of mappings
        Fields of the descriptor, of the entry and of its array rows.
    block : int
        The c block.

    Raises
    ------
    ValueError
        If a lane needs a pixel that its window does not hold, or two rows want different words of a bank.
    """

    def __init__(
        self,
        config: CCoreConfig,
        header: Mapping[str, Any],
        fields: Mapping[str, Any],
        rows: Sequence[Mapping[str, int]],
        block: int,
    ):
        self._config, self._header, self._fields, self._rows = config, header, fields, rows
        self._lanes = fields["lanes"]
        self._stride = 1 + header["stride2"]
        self._outer, self._inner = divmod(block, header["c_inner"])
        group, column = (index.ravel() for index in np.indices((fields["row_groups"], header["columns"])))
        self._group = group[:, None, None]
        self._newest = fields["newest"] + WORD_PIXELS * fields["lead"] + self._stride * column

    def __len__(self):
        return len(self._newest)

    def codes(self, inputs: np.ndarray) -> np.ndarray:
        """Lane codes [slot][w][r][c][k] out of a buffer [bank][address][pixel][c]."""
        bank, address = self._words()
        position, channel, inside = self._pixels()
        inside = inside[:, None, None] & self._row_ok()[..., None, None]
        position = np.broadcast_to(position[:, None, None], inside.shape)
        address = np.where(inside, address[..., None, None] + position // WORD_PIXELS, 0)
        bank = np.broadcast_to(bank[..., None, None], inside.shape)
        return np.where(inside, inputs[bank, address, position % WORD_PIXELS, channel], 0)

    def _row_word(self, name: str) -> np.ndarray:
        return np.array([row[name] for row in self._rows])

    @property
    def _turned(self) -> np.ndarray:
        """Channel groups from the c block's to that of each row of the array, [r]."""
        step = self._config.block // self._config.array.channels if self._lanes == Lanes.POINT else 0
        return step * np.arange(self._config.array.rows)

    def _words(self) -> tuple[np.ndarray, np.ndarray]:
        """Bank and address of the first word of the row of (w, r), [slot][w][r]."""
        config, header = self._config, self._header
        # An outer step comes instead of the last inner one.
        steps = (header["c_inner"] - 1) * self._outer + self._inner
        base = header["x_base"] + header["x_outer"] * self._outer + header["x_group"] * steps
        turn = header["turn_outer"] * self._outer + header["turn_group"] * steps
        turn = (turn + config.turn * self._turned) % config.banks
        advance = header["row_advance"] // header["row_pitch"] * config.banks + header["bank_advance"]
        wpu = np.arange(config.array.wpus)[:, None]
        line = self._row_word("bank") + turn + advance * self._group + self._stride * wpu
        address = base + self._row_word("address") + line // config.banks * header["row_pitch"]
        self._check_banks(line % config.banks, address)
        return line % config.banks, address

    def _check_banks(self, bank: np.ndarray, address: np.ndarray):
        """A bank gives one word a cycle, to as many rows as want it."""
        used = [r for r in range(self._config.array.rows) if self._fields["rows"] >> r & 1]
        slots = len(bank)
        bank, address = bank[:, :, used].reshape(slots, -1), address[:, :, used].reshape(slots, -1)
        meet = bank[:, :, None] == bank[:, None, :]
        if np.any(meet & (address[:, :, None] != address[:, None, :])):
            raise ValueError("Two rows want different words of a bank")

    def _row_ok(self) -> np.ndarray:
        """Whether the row of (w, r) is used and one of the read tensor, [slot][w][r]."""
        array, header, fields = self._config.array, self._header, self._fields
        r = np.arange(array.rows)
        other = (r == 1) & (fields["ports"] == Ports.MIXED)
        start = np.where(other, fields["shared_row"], fields["row"])
        left = np.where(other, fields["shared_left"], fields["left"])
        flat = self._group * array.wpus + np.arange(array.wpus)[:, None]
        y = (start + flat) % header["pitch"]
        read = self._stride * y + self._row_word("offset")
        # Groups that an outer step skips were those of the other array rows.
        skipped = (self._config.blocks * header["c_inner"]) if self._lanes == Lanes.POINT else header["c_inner"]
        group = self._outer * skipped + self._inner + self._turned
        used = (fields["rows"] >> r & 1).astype(bool) & (group < header["groups"])
        return used & (flat < left) & (y < header["rows"]) & (0 <= read) & (read < header["read_rows"])

    def _pixels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pixel of a lane [slot][c][k], its channel [c][k], and whether it is used and one of the row."""
        channels, newest = self._config.array.channels, self._newest[:, None, None]
        column, k = np.indices((channels, TAPS))
        if self._lanes == Lanes.PACKED:
            pixels = channels // WORD_PIXELS * WORD_PIXELS
            position = newest // WORD_PIXELS * WORD_PIXELS + WORD_PIXELS - pixels + column
            channel, used = np.minimum(k, channels - 1), column < pixels
        else:
            position = newest + np.array(_PIXELS[self._lanes])[k]
            channel, used = column, (self._fields["taps"] >> k & 1).astype(bool)
        inside = (0 <= position) & (position < self._header["read_columns"]) & used
        word, now = position // WORD_PIXELS, newest // WORD_PIXELS
        depth = channels // WORD_PIXELS if self._lanes == Lanes.PACKED else 2
        held = (now - depth < word) & (self._fields["newest"] // WORD_PIXELS <= word) & (word <= now)
        if not np.all(held | ~inside):
            raise ValueError("A pixel is not in the window")
        return position, channel, inside
