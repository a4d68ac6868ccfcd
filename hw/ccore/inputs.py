"""The input buffer of the C-Core, and all that stands between it and the lanes of the array."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.inputs import input_control, input_read, input_write, word_layout
from hw.array.layouts import packed
from hw.lib.delay import delayed
from hw.lib.memory.bank import Bank
from hw.lib.shared import shared

from .crossbar import Crossbar, class_count
from .window import Window

__all__ = ["InputBuffer", "InputNetwork"]


def _any(values):
    """Bitwise OR of values of which all but one are zero."""
    first, *rest = values
    for value in rest:
        first = first | value
    return first


class InputBuffer(wiring.Component):
    """Banks of words of two pixels, from which all rows of all WPUs read at once::

        word[w][r](t + LATENCY) = memory[bank[w][r]][row[w][r] + word](t + READ)

    The requests travel to the banks, and the words back, through two levels: by class of the bank
    (:func:`hw.ccore.crossbar.class_count`), then by bank. Latency :attr:`LATENCY` cycles, one request and one write a
    cycle, no stall. The banks are read :attr:`READ` cycles after a request: it sees the writes of the cycles before
    that one.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    write : In(input_write(config))
    read : In(input_read(config))
    word : Out(k), [wpus][rows][2][channels]

    Source: ETA, Section IV-B.3 (input buffer); architecture.md Section 4.
    """

    #: Cycles from a request to the cycle in which the banks are read.
    READ = 3
    #: Cycles from a request to its words: the banks, their output register and the crossbar.
    LATENCY = READ + Bank.LATENCY + 1 + Crossbar.LATENCY

    def __init__(self, *, config: CCoreConfig):
        self._config, self._classes = config, class_count(config)
        self._row, self._turn = unsigned(config.input_address_bits), range(max(config.banks // self._classes, 2))
        super().__init__(
            {
                "write": In(input_write(config)),
                "read": In(input_read(config)),
                "word": Out(packed(word_layout(config), config.array.wpus, config.array.rows)),
            }
        )

    def _sorted(self, m, r: int):
        """Cycle 1: the row addresses of row r by class, the turns of the classes, and the class of each WPU."""
        wpus, banks, classes = self._config.array.wpus, self._config.banks, self._classes
        place = [Signal(range(max(classes, 2)), name=f"place_{w}_{r}") for w in range(wpus)]
        turns = [Signal(self._turn, name=f"turn_{w}_{r}") for w in range(wpus)]
        for w in range(wpus):
            with m.Switch(self.read.bank[w][r]):
                for bank in range(banks):
                    with m.Case(bank):
                        m.d.comb += [place[w].eq(bank % classes), turns[w].eq(bank // classes)]
        row, turn = [], []
        for j in range(classes):
            row.append(Signal(self._row, name=f"class_row_{r}_{j}", reset_less=True))
            turn.append(Signal(self._turn, name=f"class_turn_{r}_{j}", reset_less=True))
            here = [place[w] == j for w in range(wpus)]
            m.d.sync += [
                row[j].eq(_any([Mux(here[w], self.read.row[w][r], 0) for w in range(wpus)])),
                turn[j].eq(_any([Mux(here[w], turns[w], 0) for w in range(wpus)])),
            ]
        return row, turn, place

    def _bank(self, m, bank: int, rows, turns, offset):
        """Cycles 2 to 5: one bank, its address and its output register; a class without a request gives row 0."""
        config, (turn, j) = self._config, divmod(bank, self._classes)
        row = Signal(self._row, name=f"bank_row_{bank}", reset_less=True)
        address = Signal(self._row, name=f"bank_address_{bank}", reset_less=True)
        output = Signal(config.word_bits, name=f"bank_word_{bank}", reset_less=True)
        m.submodules[f"bank_{bank}"] = memory = shared(
            f"bank_{bank}", Bank, depth=config.input_depth, shape=unsigned(config.word_bits)
        )
        m.d.comb += [
            memory.write.eq(self.write.enable & (self.write.bank == bank)),
            memory.write_address.eq(self.write.address),
            memory.write_data.eq(self.write.data),
            memory.read.eq(1),
            memory.read_address.eq(address),
        ]
        m.d.sync += [
            row.eq(_any([Mux(turns[r][j] == turn, rows[r][j], 0) for r in range(config.array.rows)])),
            address.eq(row + offset),
            output.eq(memory.read_data),
        ]
        return output

    def elaborate(self, platform):
        m = Module()
        config = self._config
        array = config.array
        rows, turns, places = zip(*(self._sorted(m, r) for r in range(array.rows)), strict=True)
        offset = delayed(m, self.read.word, 2, name="offset")
        words = [self._bank(m, bank, rows, turns, offset) for bank in range(config.banks)]
        # Cycles 6 and 7: from the banks to the WPUs.
        for r in range(array.rows):
            m.submodules[f"crossbar_{r}"] = crossbar = shared(
                f"crossbar_{r}",
                Crossbar,
                banks=config.banks,
                classes=self._classes,
                wpus=array.wpus,
                width=config.word_bits,
            )
            m.d.comb += [crossbar.data[bank].eq(word) for bank, word in enumerate(words)]
            for j, turn in enumerate(turns[r]):
                m.d.comb += crossbar.turn[j].eq(delayed(m, turn, self.LATENCY - 3, name=f"class_turn_{r}_{j}"))
            for w, place in enumerate(places[r]):
                m.d.comb += [
                    crossbar.place[w].eq(delayed(m, place, self.LATENCY - 1, name=f"place_{w}_{r}")),
                    self.word[w][r].eq(crossbar.word[w]),
                ]
        return m


class InputNetwork(wiring.Component):
    """From the control of a slot to the lanes of the array: input buffer, crossbar and window.

    Latency :attr:`LATENCY` cycles from `control` to `x`, one slot a cycle, no stall. Writes and reads as in
    :class:`InputBuffer`, lanes as in :class:`hw.ccore.window.Window`.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    write : In(input_write(config))
    control : In(input_control(config))
        The words that a slot reads, and what its lanes take from them.
    x : Out(k), [wpus][rows][channels][3]

    Source: ETA, Section IV-B.3 and Fig. 8; architecture.md Section 4.
    """

    READ = InputBuffer.READ
    LATENCY = InputBuffer.LATENCY + Window.LATENCY

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array = config.array
        super().__init__(
            {
                "write": In(input_write(config)),
                "control": In(input_control(config)),
                "x": Out(packed(unsigned(array.pint.k), array.wpus, array.rows, array.channels, TAPS)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.buffer = buffer = InputBuffer(config=self._config)
        m.submodules.window = window = Window(config=self._config)
        m.d.comb += [
            buffer.write.eq(self.write),
            buffer.read.eq(self.control.read),
            window.word.eq(buffer.word),
            window.control.eq(delayed(m, self.control.window, InputBuffer.LATENCY, name="window_control")),
            self.x.eq(window.x),
        ]
        return m
