"""Rows of the WPUs: where they are in their image, and in which bank the input row of each array row lies."""

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.inputs import input_read
from hw.lib.modulo import add_modulo

from .record import record_layout

__all__ = ["RowTracker"]

#: Bits of a grid row, and of the grid rows left.
ROW_BITS, LEFT_BITS = 12, 18


class RowTracker(wiring.Component):
    """Follows the row groups of a pass.

    Grid row y(w) of WPU w is (row + group * wpus + w) mod pitch; array row r of it reads row
    stride * y(w) + offset[r] of its image. Array row 1 may work on row groups of its own (`shared`).

    Latency: :attr:`LATENCY` cycles from `go` or `next`, which set the state of the cycle after, to the outputs of
    that state.

    Parameters
    ----------
    config : CCoreConfig

    Members
    -------
    record : In(record_layout(config))
        The pass, from `go` on until the next.
    go : In(1), new : In(record_layout(config))
        A pass begins with the next cycle.
    next : In(1)
        The next row group begins with the next cycle.
    row_ok : Out(1), [wpus][rows]
        The input row exists, and array row r is in use.
    bank, address : Out, [wpus][rows]
    live, flush, final : Out(wpus)
        WPU w has a row of results; it is the WPU's last row in its image; it is the last row of its image.

    Source: architecture.md Sections 3 and 4.
    """

    LATENCY = 2

    def __init__(self, *, config: CCoreConfig):
        self._config = config
        array, record, read = config.array, record_layout(config), input_read(config)
        super().__init__(
            {
                "record": In(record),
                "go": In(1),
                "new": In(record),
                "next": In(1),
                "row_ok": Out(data.ArrayLayout(data.ArrayLayout(unsigned(1), array.rows), array.wpus)),
                "bank": Out(read.members["bank"]),
                "address": Out(read.members["row"]),
                "live": Out(array.wpus),
                "flush": Out(array.wpus),
                "final": Out(array.wpus),
            }
        )

    def _track(self, m, name, row, left):
        """Grid row of each WPU, and whether it lives, flushes, is final; one cycle after the state."""
        wpus, record = self._config.array.wpus, self.record
        first, remaining = Signal(ROW_BITS, name=f"{name}_first"), Signal(signed(LEFT_BITS + 1), name=f"{name}_left")
        stepped = Signal(ROW_BITS + 1, name=f"{name}_stepped")
        m.d.comb += stepped.eq(first + record.row_step)
        with m.If(self.next):
            m.d.sync += [
                first.eq(Mux(stepped >= record.pitch, stepped - record.pitch, stepped)),
                remaining.eq(remaining - wpus),
            ]
        with m.If(self.go):
            m.d.sync += [first.eq(row), remaining.eq(left)]
        rows, live, flush, final = [], [], [], []
        y = first
        for w in range(wpus):
            exists = remaining > w
            here = Signal(ROW_BITS, name=f"{name}_row_{w}", reset_less=True)
            flags = Signal(3, name=f"{name}_flags_{w}", reset_less=True)
            ends = (y + wpus >= record.pitch) | (remaining <= w + wpus)
            last = (y == record.pitch - 1) | (remaining == w + 1)
            m.d.sync += [
                here.eq(y),
                flags[0].eq(exists & (y < record.rows)),
                flags[1].eq(exists & ends),
                flags[2].eq(exists & last),
            ]
            rows.append(here)
            live.append(flags[0]), flush.append(flags[1]), final.append(flags[2])
            following = Signal(ROW_BITS, name=f"{name}_following_{w}")
            m.d.comb += following.eq(Mux(y == record.pitch - 1, 0, y + 1))
            y = following
        return rows, live, flush, final

    def _banks(self, m, r: int):
        """Bank and address of array row r of each WPU; two cycles after the state."""
        config, record, steps = self._config, self.record, self.record.steps
        bank = Signal(range(max(config.banks, 2)), name=f"bank_{r}")
        address = Signal(config.input_address_bits, name=f"address_{r}")
        moved, wraps = add_modulo(m, bank, steps.bank_advance, config.banks, name=f"moved_{r}")
        with m.If(self.next):
            m.d.sync += [bank.eq(moved), address.eq(address + steps.row_advance + Mux(wraps, steps.row_pitch, 0))]
        with m.If(self.go):
            m.d.sync += [bank.eq(self.new.bank[r]), address.eq(self.new.address[r])]
        for w in range(config.array.wpus):
            offset = Mux(record.stride2, 2 * w % config.banks, w % config.banks)
            own, wraps = add_modulo(m, bank, offset, config.banks, name=f"own_{w}_{r}")
            early = [Signal.like(own, name=f"bank_{w}_{r}_q"), Signal.like(address, name=f"address_{w}_{r}_q")]
            m.d.sync += [early[0].eq(own), early[1].eq(address + Mux(wraps, steps.row_pitch, 0))]
            m.d.sync += [self.bank[w][r].eq(early[0]), self.address[w][r].eq(early[1])]

    def elaborate(self, platform):
        m = Module()
        config, new = self._config, self.new
        main = self._track(m, "main", new.row, new.left)
        other = self._track(m, "shared", new.shared_row, new.shared_left)
        # The pass of the state that is one cycle old.
        old = Signal.like(self.record, reset_less=True)
        m.d.sync += old.eq(self.record)
        for r in range(config.array.rows):
            self._banks(m, r)
            rows, live, *_ = other if r == 1 else main
            for w in range(config.array.wpus):
                read = Signal(signed(ROW_BITS + 2), name=f"read_{w}_{r}")
                m.d.comb += read.eq(Mux(old.stride2, rows[w] << 1, rows[w]) + old.offset[r])
                m.d.sync += self.row_ok[w][r].eq(live[w] & old.used[r] & (read >= 0) & (read < old.read_rows))
        for w in range(config.array.wpus):
            _, live, flush, final = main
            m.d.sync += [self.live[w].eq(live[w]), self.flush[w].eq(flush[w]), self.final[w].eq(final[w])]
        return m
