"""Golden model of the C-Core's input network: from requests to words, and from words to the lanes of the array.

Arrays have a row a cycle; `w`, `r`, `c`, `k` are WPU, row, channel and tap.
"""

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import WORD_PIXELS, Lanes

__all__ = ["lanes", "words"]

#: Pixels from the newest one, q, back to those of the three lanes.
_BACK = {
    Lanes.CONV: (2, 1, 0),
    Lanes.SPLIT_ODD: (1, 1, 0),
    Lanes.SPLIT_EVEN: (1, 0, 0),
    Lanes.POINT: (1, 1, 1),
}


def words(memory, writes, bank, row, word, delay: int = 0):
    """Words [cycle][w][r][pixel][c] that requests read.

    Parameters
    ----------
    memory : array [bank][address][pixel][c]
        Codes before cycle 0; left as the writes make it.
    writes : iterable of (cycle, bank, address, data [pixel][c])
        In the order of their cycles.
    bank, row : array [cycle][w][r]
    word : array [cycle]
        Offset to the row, signed.
    delay : int
        Cycles from a request to its read, which sees the writes of the cycles before.
    """
    address = (row + np.asarray(word)[:, None, None]) % memory.shape[1]
    result = np.empty((*bank.shape, *memory.shape[2:]), memory.dtype)
    pending, done = list(writes), 0
    for cycle in range(len(bank)):
        while done < len(pending) and pending[done][0] < cycle + delay:
            _, its_bank, its_address, codes = pending[done]
            memory[its_bank, its_address] = codes
            done += 1
        result[cycle] = memory[bank[cycle], address[cycle]]
    return result


def lanes(word, push, mode, odd, row_ok, tap_ok, pixel_ok):
    """Lanes x [cycle][w][r][c][k] of the slots, from the words that come in their cycles.

    Parameters
    ----------
    word : array [cycle][w][r][pixel][c]
    push, mode, odd : array [cycle]
        Whether the word joins the window, :class:`hw.arch.ccore.config.Lanes`, and whether the newest pixel is odd.
    row_ok : array [cycle][w][r]
    tap_ok : array [cycle][k]
    pixel_ok : array [cycle][c]
    """
    cycles, channels = len(word), word.shape[-1]
    before = max(2, channels // WORD_PIXELS)
    pushed = word[np.asarray(push, bool)]
    window = np.concatenate([np.zeros((before, *word.shape[1:]), word.dtype), pushed])
    # All pixels that ever were in the window, in their order: [pixel][w][r][c].
    pixels = np.moveaxis(window, 3, 1).reshape(-1, *word.shape[1:3], channels)
    end = WORD_PIXELS * (before + np.cumsum(push))
    q = end - np.where(odd, 1, 2)
    x = np.zeros((cycles, *word.shape[1:3], channels, TAPS), word.dtype)
    for each, back in _BACK.items():
        slots = np.flatnonzero(np.asarray(mode) == each.value)
        for k in range(TAPS):
            x[slots, ..., k] = pixels[q[slots] - back[k]]
        x[slots] *= tap_ok[slots, None, None, None, :].astype(x.dtype)
    slots = np.flatnonzero(np.asarray(mode) == Lanes.PACKED.value)
    packed = WORD_PIXELS * (channels // WORD_PIXELS) if len(slots) else 0
    for c in range(packed):
        x[slots, :, :, c, :] = pixels[end[slots] - packed + c][..., :TAPS]
    x[slots] *= pixel_ok[slots, None, None, :, None].astype(x.dtype)
    return x * row_ok[..., None, None].astype(x.dtype)
