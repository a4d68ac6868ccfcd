"""Words of the C-Core's input network: what is written, read and made of it in one cycle."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from hw.arch.array.config import TAPS

from .config import WORD_PIXELS, CCoreConfig, Lanes

__all__ = ["input_control", "input_read", "input_write", "window_control", "word_layout"]


def _per_row(shape, config: CCoreConfig):
    """`shape` for each (WPU, row) of the array."""
    return data.ArrayLayout(data.ArrayLayout(shape, config.array.rows), config.array.wpus)


def _bank(config: CCoreConfig):
    """Number of a bank: one bit at least."""
    return range(max(config.banks, 2))


def word_layout(config: CCoreConfig):
    """Codes of a word of the input buffer, [pixel][channel], the even pixel first."""
    return data.ArrayLayout(data.ArrayLayout(unsigned(config.array.pint.k), config.array.channels), WORD_PIXELS)


def input_write(config: CCoreConfig) -> data.StructLayout:
    """A word for the input buffer.

    `enable` (1), `bank` (range(banks)), `address` (range(input_depth)), `data` [2][channels] codes.
    """
    return data.StructLayout(
        {
            "enable": unsigned(1),
            "bank": _bank(config),
            "address": unsigned(config.input_address_bits),
            "data": word_layout(config),
        }
    )


def input_read(config: CCoreConfig) -> data.StructLayout:
    """What every (WPU w, row r) of the array reads: word `row[w][r] + word` of bank `bank[w][r]`.

    The banks of one row r are b, b+s, b+2s, .. (mod `banks`) over w, for one s of 1 and 2; where several (w, r) read
    one bank, their `row` is the same. `row` [wpus][rows] (range(input_depth)), `bank` [wpus][rows] (range(banks)),
    `word` signed, one bit more than an address; sums are modulo 2^input_address_bits.
    """
    bits = config.input_address_bits
    return data.StructLayout(
        {
            "bank": _per_row(_bank(config), config),
            "row": _per_row(unsigned(bits), config),
            "word": signed(bits + 1),
        }
    )


def window_control(config: CCoreConfig) -> data.StructLayout:
    """What the lanes of a slot are.

    `push` (1): the word read joins the window first. `lanes` (:class:`hw.arch.ccore.config.Lanes`). `odd` (1): the
    newest pixel q of the slot is the odd one of the newest word, else the even one. `row_ok` [wpus][rows], `tap_ok`
    [3], `pixel_ok` [channels] (1 each): lane (w, r, c, k) is zero unless row_ok[w][r] and tap_ok[k], or pixel_ok[c] in
    the mode PACKED.
    """
    return data.StructLayout(
        {
            "push": unsigned(1),
            "lanes": Lanes,
            "odd": unsigned(1),
            "row_ok": _per_row(unsigned(1), config),
            "tap_ok": data.ArrayLayout(unsigned(1), TAPS),
            "pixel_ok": data.ArrayLayout(unsigned(1), config.array.channels),
        }
    )


def input_control(config: CCoreConfig) -> data.StructLayout:
    """Control of a slot: `read` (:func:`input_read`) and `window` (:func:`window_control`)."""
    return data.StructLayout({"read": input_read(config), "window": window_control(config)})
