"""Network from the banks of the input buffer to the WPUs."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.array.layouts import packed
from hw.lib.multiplex import choose

__all__ = ["Crossbar", "class_count"]


def class_count(config: CCoreConfig) -> int:
    """Classes of banks, bank mod classes, such that no two WPUs read banks of one class for the same row.

    WPUs read every bank or every second one, modulo `banks`: so `wpus` classes if that is odd and divides `banks`.
    Otherwise each bank is a class of its own.
    """
    banks, wpus = config.banks, config.array.wpus
    return wpus if wpus % 2 and banks % wpus == 0 else banks


class Crossbar(wiring.Component):
    """Words of the banks for the WPUs of one row, in two levels::

        chosen[j] = data[j + classes * turn[j]]     one bank of each class
        word[w]   = chosen[place[w]]                a permutation of the classes

    Three banks of each of three classes are two LUTs a bit, where a multiplexer of nine banks is three.
    Latency: `place` 1 cycle, `data` and `turn` 2 cycles; one word a WPU and cycle.

    Parameters
    ----------
    banks, classes : int
        Banks, and their classes; bank b is of class b mod classes.
    wpus : int
        Words to choose.
    width : int
        Bits of a word.

    Members
    -------
    data : In(width), [banks]
    turn : In(range(banks // classes)), [classes]
    place : In(range(classes)), [wpus]
        One bit at least.
    word : Out(width), [wpus]

    Source: architecture.md Section 4 (input network), with permutations instead of a rotation.
    """

    LATENCY = 2

    def __init__(self, *, banks: int, classes: int, wpus: int, width: int):
        self._banks, self._classes = banks, classes
        self._width = unsigned(width)
        super().__init__(
            {
                "data": In(packed(self._width, banks)),
                "turn": In(packed(range(max(banks // classes, 2)), classes)),
                "place": In(packed(range(max(classes, 2)), wpus)),
                "word": Out(packed(self._width, wpus)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        chosen = [Signal(self._width, name=f"chosen_{j}", reset_less=True) for j in range(self._classes)]
        # Cycle 1: a bank of each class.
        for j, word in enumerate(chosen):
            members = [self.data[bank] for bank in range(j, self._banks, self._classes)]
            m.d.sync += word.eq(choose(self.turn[j], members))
        # Cycle 2: a class for each WPU.
        for w, place in enumerate(self.place):
            word = Signal(self._width, name=f"word_{w}", reset_less=True)
            m.d.sync += word.eq(choose(place, chosen))
            m.d.comb += self.word[w].eq(word)
        return m
