"""The drain: walks over the partial sums of a job and gives them in an order that the A-Core can use."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import DrainJob, drain_beat, drain_request
from hw.lib.delay import delayed
from hw.lib.multiplex import choose

from .lines import Lines, line_layout

__all__ = ["Drain"]


class Drain(wiring.Component):
    """Results of jobs, in the order of :class:`hw.arch.ccore.drain.DrainMode`; all WPUs of a beat share bank and
    address.

    The first beat of a job comes `LATENCY` + `latency` cycles after it; then one a cycle. Bubbles without stalls, for a
    line of n beats: before the next image max(0, 1 + e - n) with e whole groups without results between, so none where
    `pitch` is less than `rows` + `wpus`; before the next job, if it waits, max(0, 3 - n). While a beat waits for
    `o.ready`, `request.enable` is 0 and all holds.

    Parameters
    ----------
    config : CCoreConfig
    latency : int
        Cycles with `request.enable` from a request to its `data`.

    Members
    -------
    i : In(stream.Signature(DrainJob.layout(config)))
    request : Out(drain_request(config))
    data : In([clusters][wpus] signed(acc_bits))
    o : Out(stream.Signature(drain_beat(config)))
    done : Out(1)
        The final beat of a job left in the cycle before: its half is free.

    Raises
    ------
    ValueError
        If the latency is less than 1.

    Source: architecture.md Section 4 (one half is drained while the array accumulates in the other).
    """

    #: Cycles from a job to the request of its first beat.
    LATENCY = 4

    def __init__(self, *, config: CCoreConfig, latency: int):
        if latency < 1:
            raise ValueError(f"Drain latency must be at least 1, not {latency!r}")
        self._config, self._latency = config, latency
        beat = drain_beat(config)
        super().__init__(
            {
                "i": In(stream.Signature(DrainJob.layout(config))),
                "request": Out(drain_request(config)),
                "data": In(beat.members["data"]),
                "o": Out(stream.Signature(beat)),
                "done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        request, enable = self.request, self.request.enable
        m.submodules.lines = lines = Lines(config=self._config)
        wiring.connect(m, wiring.flipped(self.i), lines.i)
        m.d.comb += enable.eq(~self.o.valid | self.o.ready)

        # Cycle 1: walk along the columns of a line.
        line, busy, begins = Signal(line_layout(self._config), reset_less=True), Signal(), Signal(reset_less=True)
        slot, column = Signal.like(line.slot, reset_less=True), Signal.like(line.count, reset_less=True)
        index = Signal.like(line.more, reset_less=True)
        last_column = column == line.count
        next_column = (index == line.more) | (last_column & line.odd_columns)
        ends = last_column & next_column
        m.d.comb += lines.o.ready.eq(enable & (~busy | ends))
        with m.If(enable):
            m.d.sync += [begins.eq(0), index.eq(Mux(next_column, 0, index + 1))]
            with m.If(next_column):
                m.d.sync += [slot.eq(slot + 1), column.eq(column + 1)]
        with m.If(lines.o.ready):
            new = lines.o.payload
            m.d.sync += [busy.eq(lines.o.valid), line.eq(new), begins.eq(new.first)]
            m.d.sync += [slot.eq(new.slot), column.eq(1), index.eq(0)]

        # Cycle 2: port and address.
        tag_layout = data.StructLayout({"mask": len(line.mask), "first": 1, "final": 1, "last": 1})
        tag, valid = Signal(tag_layout, reset_less=True), Signal()
        with m.If(enable):
            m.d.sync += [
                request.half.eq(line.half),
                request.address.eq(Mux(line.dense, slot >> 2, slot)),
                request.bank.eq(Mux(line.dense, slot[:2], choose(index, list(line.banks)))),
                valid.eq(busy),
                tag.mask.eq(line.mask),
                tag.first.eq(begins),
                tag.final.eq(line.final & ends),
                tag.last.eq(line.last & line.final & ends),
            ]
            # The partial sums answer.
            tag = data.View(tag_layout, delayed(m, tag.as_value(), self._latency, name="tag"))
            valid = delayed(m, valid, self._latency, name="valid", reset_less=False)
        m.d.comb += [
            self.o.valid.eq(valid),
            self.o.payload.data.eq(self.data),
            self.o.payload.mask.eq(tag.mask),
            self.o.payload.first.eq(tag.first),
            self.o.payload.last.eq(tag.last),
        ]
        m.d.sync += self.done.eq(self.o.valid & self.o.ready & tag.final)
        return m
