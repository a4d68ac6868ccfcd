"""Words of the C-Core's input network: what is written, read and made of it in one cycle."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from hw.arch.array.config import TAPS
from hw.arch.fields import Field, Word

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


def input_write(config: CCoreConfig) -> Word:
    """A word for the input buffer."""
    return Word(
        "InputWrite",
        "A word for the input buffer.",
        Field("enable", unsigned(1), "there is a write"),
        Field("bank", _bank(config), "bank of the buffer"),
        Field("address", unsigned(config.input_address_bits), "word of the bank"),
        Field("data", word_layout(config), "codes [pixel][channel], the even pixel first"),
    )


def input_read(config: CCoreConfig) -> Word:
    """What every (WPU w, row r) of the array reads: word `row[w][r] + word` of bank `bank[w][r]`.

    The banks of one row r are b, b+s, b+2s, .. (mod `banks`) over w, for one s of 1 and 2; where several (w, r) read
    one bank, their `row` is the same. Sums are modulo 2^input_address_bits.
    """
    bits = config.input_address_bits
    return Word(
        "InputRead",
        "What every (WPU w, row r) of the array reads: word `row[w][r] + word` of bank `bank[w][r]`.",
        Field("bank", _per_row(_bank(config), config), "[w][r], bank of the buffer"),
        Field("row", _per_row(unsigned(bits), config), "[w][r], first word of the row"),
        Field("word", signed(bits + 1), "word from there"),
    )


def window_control(config: CCoreConfig) -> Word:
    """What the lanes of a slot are.

    Lane (w, r, c, k) is zero unless row_ok[w][r] and tap_ok[k], or pixel_ok[c] in the mode PACKED.
    """
    return Word(
        "Window",
        "What the lanes of a slot are.",
        Field("push", unsigned(1), "the word read joins the window first"),
        Field("lanes", Lanes, "which pixels the lanes take"),
        Field(
            "odd", unsigned(1), "the newest pixel q of the slot is the odd one of the newest word, else the even one"
        ),
        Field("row_ok", _per_row(unsigned(1), config), "[w][r], the row counts"),
        Field("tap_ok", data.ArrayLayout(unsigned(1), TAPS), "[k], the tap counts"),
        Field(
            "pixel_ok", data.ArrayLayout(unsigned(1), config.array.channels), "[c], in the mode PACKED the pixel counts"
        ),
    )


def input_control(config: CCoreConfig) -> Word:
    """Control of a slot."""
    return Word(
        "InputControl",
        "Control of a slot.",
        Field("read", input_read(config), "what is read"),
        Field("window", window_control(config), "what the lanes are"),
    )
