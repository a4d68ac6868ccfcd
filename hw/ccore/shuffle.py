"""The two-level network from the banks of the weight buffer to the array."""

from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.array.delay import delayed
from hw.array.layouts import packed
from hw.spec.ccore import Shuffle
from hw.spec.config import TAPS, ArrayConfig

from .multiplex import cascade, cascade_select, gray_digits, rotated

__all__ = ["WeightShuffle"]


class WeightShuffle(wiring.Component):
    """Rotates the lanes of every tap group, and lets every chain choose a tap group::

        lane(row, column, m) = code(row, column, (m + turn) mod M)
        w[m][r][k] = lane(r, k, m)      DIRECT
                     lane(r, 2 - k, m)  REVERSED
                     lane(k, r, m)      TRANSPOSED, for r, k < min(rows, 3); else lane(r, k, m)
                     lane(0, k, m)      SHARED, for r = 1; else lane(r, k, m)
        e[m][0][w] = lane(w, column, m), e[m][k][w] = lane(w, k, m) for k = 1, 2

    `w` and `e` are one set of registers: `w` is defined with column 0, `e` with DIRECT and turn 0. The lowest bit
    of `turn` is applied together with the choice. A bit of a tap group takes a LUT for every two further bits of
    `turn`, a bit of a chain one for its first four sources and one for every three more.

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
        code = unsigned(config.pint.k)
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

    def _select(self, m, request, row: int, k: int):
        """Sources of chain (row, k), and the registered select of their cascade, with its first digit in Gray code."""
        low, shuffle, _ = request
        requests = [(x, y, z) for x in range(1 << len(low)) for y in Shuffle for z in range(TAPS)]
        sources = [self._source(row, k, x % self._config.clusters, y, z) for x, y, z in requests]
        options = list(dict.fromkeys(sources))
        select = Signal(max(map(cascade_select, range(len(options)))).bit_length(), name=f"select_{row}_{k}")
        with m.Switch(Cat(request)):
            for (x, y, z), source in zip(requests, sources, strict=True):
                with m.Case(x | y.value << len(low) | z << len(low) + len(shuffle.as_value())):
                    m.d.comb += select.eq(cascade_select(options.index(source)))
        gray = gray_digits(select[:2])
        return options, delayed(m, select, 1, name=f"select_{row}_{k}"), delayed(m, gray, 1, name=f"gray_{row}_{k}")

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
        config, count = self._config, self._config.clusters
        turn, shuffle, column = (
            delayed(m, getattr(self, name), 1, name=name) for name in ("turn", "shuffle", "column")
        )
        groups = self._rotate(m, turn)

        # Cycle 2: rotation by the lowest bit, and choice of a tap group.
        for row in range(self._rows):
            for k in range(TAPS):
                options, select, gray = self._select(m, (turn[:1], shuffle, column), row, k)
                for lane in range(count):
                    codes = [groups[r, c][(lane + low) % count] for r, c, low in options]
                    chain = Signal(unsigned(config.pint.k), name=f"chain_{row}_{k}_{lane}", reset_less=True)
                    m.d.sync += chain.eq(cascade(select, codes, gray if lane % 2 else None))
                    if row < config.rows:
                        m.d.comb += self.w[lane][row][k].eq(chain)
                    if row < config.wpus:
                        m.d.comb += self.e[lane][k][row].eq(chain)
        return m
