"""The two-level network from the banks of the weight buffer to the array."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.ccore.config import Shuffle
from hw.array.layouts import packed
from hw.lib.delay import delayed
from hw.lib.multiplex import choose, gray_digits, rotated

__all__ = ["WeightShuffle"]

#: Inputs of a multiplexer in one LUT.
_WIDE = 4


class WeightShuffle(wiring.Component):
    """Rotates the lanes of every tap group, and lets every chain choose a tap group::

        lane(row, column, m) = code(row, column, (m + turn) mod M)
        w[m][r][k] = lane(r, k, m)      DIRECT
                     lane(r, 2 - k, m)  REVERSED
                     lane(k, r, m)      TRANSPOSED, for r, k < min(rows, 3); else lane(r, k, m)
                     lane(0, k, m)      SHARED, for r = 1; else lane(r, k, m)
        e[m][0][w] = lane(w, column, m), e[m][k][w] = lane(w, k, m) for k = 1, 2

    `w` and `e` are one set of registers: `w` is defined with column 0, `e` with DIRECT and turn 0. The lowest bit
    of `turn` is applied after the choice. A bit of a tap group takes a LUT for every two further bits of `turn`, a bit
    of a chain one if it has two tap groups to choose from, else two.

    Latency: :attr:`LATENCY` cycles from `code`. A word a cycle, no stall.

    Parameters
    ----------
    config : ArrayConfig
        Sizes.
    rows : int
        Rows of tap groups.

    Members
    -------
    turn : In(range(max(clusters, 2))), shuffle : In(Shuffle), column : In(range(3))
        One cycle before their `code`.
    code : In(k), [rows][3][clusters]
    w : Out(k), [clusters][config.rows][3]
    e : Out(k), [clusters][3][wpus]

    Source: ETA, Section IV-C.2; architecture.md Section 3.
    """

    LATENCY = 2

    def __init__(self, *, config: ArrayConfig, rows: int):
        self._config, self._rows = config, rows
        self._code = code = unsigned(config.pint.k)
        super().__init__(
            {
                "turn": In(range(max(config.clusters, 2))),
                "shuffle": In(Shuffle),
                "column": In(range(TAPS)),
                "code": In(packed(code, rows, TAPS, config.clusters)),
                "w": Out(packed(code, config.clusters, config.rows, TAPS)),
                "e": Out(packed(code, config.clusters, TAPS, config.wpus)),
            }
        )

    def _source(self, row: int, k: int, low: int, shuffle: Shuffle, column: int):
        """Row, column and lowest bit of the turn of the tap group that chain (row, k) takes."""
        blocks = min(self._config.rows, TAPS)
        if shuffle == Shuffle.DIRECT and row < self._config.wpus and k == 0 and column:
            return row, column, 0
        if row < self._config.rows:
            if shuffle == Shuffle.REVERSED:
                return row, TAPS - 1 - k, low
            if shuffle == Shuffle.TRANSPOSED and row < blocks and k < blocks:
                return k, row, low
            if shuffle == Shuffle.SHARED and row == 1:
                return 0, k, low
        return row, k, low

    def _requests(self, row: int, k: int):
        """What chain (row, k) takes, by (lowest bit of the turn, shuffle, column); the plain columns come first."""
        requests = [(low, shuffle, column) for column in range(TAPS) for shuffle in Shuffle for low in range(2)]
        return {each: self._source(row, k, each[0] % self._config.clusters, *each[1:]) for each in requests}

    def _select(self, m, request, row: int, k: int, numbers):
        """The registered number of what chain (row, k) takes, and the Gray code of its lower digit."""
        select = Signal(4, name=f"select_{row}_{k}")
        with m.Switch(Cat(request)):
            for (low, shuffle, column), source in self._requests(row, k).items():
                with m.Case(low | shuffle.value << 1 | column << 3):
                    m.d.comb += select.eq(numbers[source])
        gray = gray_digits(select[:2])
        return delayed(m, select, 1, name=f"select_{row}_{k}"), delayed(m, gray, 1, name=f"gray_{row}_{k}")

    def _chain(self, m, request, groups, row: int, k: int):
        """Codes [m] of chain (row, k): one multiplexer for up to two tap groups, else choice, then rotation."""
        count = self._config.clusters
        options = list(dict.fromkeys(self._requests(row, k).values()))
        if len(options) <= _WIDE:
            numbers = {option: number for number, option in enumerate(options)}
            select, gray = self._select(m, request, row, k, numbers)
            return [
                choose(select, [groups[r, c][(i + low) % count] for r, c, low in options], gray if i % 2 else None)
                for i in range(count)
            ]
        sources = list(dict.fromkeys(option[:2] for option in options))
        several, single = sources[:_WIDE], sources[_WIDE:]
        numbers = {(*source, low): n | low << 2 for n, source in enumerate(several) for low in range(2)}
        numbers |= {(*source, 0): 2 + n << 2 for n, source in enumerate(single)}
        select, _ = self._select(m, request, row, k, numbers)
        chosen = [Signal(self._code, name=f"chosen_{row}_{k}_{i}") for i in range(count)]
        m.d.comb += [code.eq(choose(select[:2], [groups[s][i] for s in several])) for i, code in enumerate(chosen)]
        return [
            choose(select[2:], [chosen[i], chosen[(i + 1) % count], *(groups[s][i] for s in single)])
            for i in range(count)
        ]

    def _rotate(self, m, turn):
        """Cycle 1: lanes [row, column][m], rotated by all bits of the turn but the lowest."""
        count, groups = self._config.clusters, {}
        gray = delayed(m, gray_digits(self.turn[1:]), 1, name="turn_gray")
        for row in range(self._rows):
            for k in range(TAPS):
                name, codes = f"lane_{row}_{k}", [self.code[row][k][s] for s in range(count)]
                lanes = rotated(m, codes, turn[1:], gray, name=name, step=2)
                groups[row, k] = [delayed(m, lane, 1, name=f"{name}_{s}") for s, lane in enumerate(lanes)]
        return groups

    def elaborate(self, platform):
        m = Module()
        config = self._config
        turn, shuffle, column = (
            delayed(m, getattr(self, name), 1, name=name) for name in ("turn", "shuffle", "column")
        )
        groups = self._rotate(m, turn)

        # Cycle 2: choice of a tap group, and rotation by the lowest bit.
        for row in range(self._rows):
            for k in range(TAPS):
                for lane, code in enumerate(self._chain(m, (turn[0], shuffle, column), groups, row, k)):
                    chain = Signal(self._code, name=f"chain_{row}_{k}_{lane}", reset_less=True)
                    m.d.sync += chain.eq(code)
                    if row < config.rows:
                        m.d.comb += self.w[lane][row][k].eq(chain)
                    if row < config.wpus:
                        m.d.comb += self.e[lane][k][row].eq(chain)
        return m
