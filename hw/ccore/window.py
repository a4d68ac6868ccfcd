"""The windows between the input buffer and the lanes of the array."""

from amaranth.hdl import Const, Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig, Lanes
from hw.arch.ccore.inputs import window_control, word_layout
from hw.array.layouts import packed
from hw.lib.multiplex import choose
from hw.lib.shared import shared

__all__ = ["RowWindow", "Window"]

#: Pixels from the newest one back to the one of lane 0, 1, 2.
_BACK = {
    Lanes.CONV: (2, 1, 0),
    Lanes.SPLIT_ODD: (1, 1, 0),
    Lanes.SPLIT_EVEN: (1, 0, 0),
    Lanes.POINT: (1, 1, 1),
}
#: The oldest of the window's four pixels that lane 0, 1, 2 takes; three in a row are all it takes.
_OLDEST = (0, 1, 1)
#: Selects the packed pixel.
_PACKED = 3
#: Fewest channels that hold two words of packed pixels.
_PACKED_CHANNELS = 4


class RowWindow(wiring.Component):
    """The newest words of one row of one WPU, and the lanes made of their pixels.

    With `push` the word joins the window: p0, p1 are then the even and odd pixel of the word before, p2, p3 those of
    `word`. Lane k of each channel c takes p[select[k]] (k = 0) or p[select[k] + 1] (k = 1, 2); select 3 is channel k
    of pixel c of the `channels` // 2 newest words, the oldest first, or zero if there is no such pixel or fewer than
    4 channels. A lane is zero if `off[c][k]` or not `row_ok`.

    Latency: `select` 1 cycle, the others 2 cycles; one slot a cycle.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    word : In(k), [2][channels]
    push : In(1)
    select : In(2), [3]
    row_ok : In(1)
    off : In(1), [channels][3]
    x : Out(k), [channels][3]

    Source: architecture.md Section 4 (input network).
    """

    LATENCY = 2

    def __init__(self, *, config: CCoreConfig):
        self._channels, self._code = config.array.channels, unsigned(config.array.pint.k)
        super().__init__(
            {
                "word": In(word_layout(config)),
                "push": In(1),
                "select": In(packed(unsigned(2), TAPS)),
                "row_ok": In(1),
                "off": In(packed(unsigned(1), self._channels, TAPS)),
                "x": Out(packed(self._code, self._channels, TAPS)),
            }
        )

    def _pixels(self, m) -> list:
        """Pixels of the newest words, the oldest first; of older words than two only what packed lanes take."""
        channels = self._channels
        count = max(2, channels // WORD_PIXELS if channels >= _PACKED_CHANNELS else 0)
        words, following = [], self.word
        for age in range(count):
            kept = channels if age < 2 else TAPS
            word = Signal(packed(self._code, WORD_PIXELS, kept), name=f"word_{age}", reset_less=True)
            with m.If(self.push):
                m.d.sync += [word[p][c].eq(following[p][c]) for p in range(WORD_PIXELS) for c in range(kept)]
            words.append(word)
            following = word
        return [word[p] for word in reversed(words) for p in range(WORD_PIXELS)]

    def elaborate(self, platform):
        m = Module()
        channels = self._channels
        # Cycle 1: the window moves.
        pixels = self._pixels(m)
        newest = pixels[-2 * WORD_PIXELS :]
        packs = channels >= _PACKED_CHANNELS
        for c in range(channels):
            for k in range(TAPS):
                idle = Signal(name=f"idle_{c}_{k}", init=1, reset_less=True)
                m.d.sync += idle.eq(self.off[c][k])
                with m.If(~self.row_ok):
                    m.d.sync += idle.eq(1)
                sources = [pixel[c] for pixel in newest[_OLDEST[k] :][:3]]
                if packs:
                    sources.append(pixels[c][k] if c < len(pixels) else Const(0, self._code))
                # Cycle 2: a pixel for each lane.
                lane = Signal.like(sources[0], name=f"lane_{c}_{k}", reset_less=True)
                m.d.sync += lane.eq(choose(self.select[k], sources))
                with m.If(idle):
                    m.d.sync += lane.eq(0)
                m.d.comb += self.x[c][k].eq(lane)
        return m


class Window(wiring.Component):
    """Lanes of the array from the words of the input buffer, for every WPU and row::

        lane k = pixel q - back[lanes][k], q the newest pixel of the slot

    with the modes of :class:`hw.arch.ccore.config.Lanes`. A lane takes one of three pixels or a packed one: a LUT a
    bit. `push`, which moves the window, belongs to the word of the same cycle. PACKED needs 4 channels, with less its
    lanes are any pixels; columns beyond the last pixel of the window are zero in it.

    Latency :attr:`LATENCY` cycles from `word` and `control` to `x`, one slot a cycle, no stall.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    word : In(k), [wpus][rows][2][channels]
    control : In(window_control(config))
    x : Out(k), [wpus][rows][channels][3]

    Source: ETA, Section IV-B.1 and Fig. 6; architecture.md Sections 3 and 4.
    """

    LATENCY = RowWindow.LATENCY

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array = config.array
        super().__init__(
            {
                "word": In(packed(word_layout(config), array.wpus, array.rows)),
                "control": In(window_control(config)),
                "x": Out(packed(unsigned(array.pint.k), array.wpus, array.rows, array.channels, TAPS)),
            }
        )

    def _select(self, m):
        """Cycle 1: the source of each lane."""
        select = Signal(packed(unsigned(2), TAPS), reset_less=True)
        with m.Switch(self.control.lanes):
            for lanes, back in _BACK.items():
                with m.Case(lanes):
                    for k in range(TAPS):
                        even = 2 - back[k] - _OLDEST[k]
                        m.d.sync += select[k].eq(Mux(self.control.odd, even + 1, even))
            with m.Default():
                m.d.sync += [select[k].eq(_PACKED) for k in range(TAPS)]
        return select

    def elaborate(self, platform):
        m = Module()
        array, control = self._config.array, self.control
        off = Signal(packed(unsigned(1), array.channels, TAPS))
        for c in range(array.channels):
            for k in range(TAPS):
                tap_off = ~control.tap_ok[k]
                m.d.comb += off[c][k].eq(Mux(control.lanes == Lanes.PACKED, ~control.pixel_ok[c], tap_off))
        select = self._select(m)
        for w in range(array.wpus):
            for r in range(array.rows):
                m.submodules[f"row_{w}_{r}"] = row = shared(f"row_{w}_{r}", RowWindow, config=self._config)
                m.d.comb += [
                    row.word.eq(self.word[w][r]),
                    row.push.eq(control.push),
                    row.select.eq(select),
                    row.row_ok.eq(control.row_ok[w][r]),
                    row.off.eq(off),
                    self.x[w][r].eq(row.x),
                ]
        return m
