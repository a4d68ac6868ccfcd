"""The sequencer of a convolution: orders to the first PE of lane 0, which all PEs follow."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.maps import Convolution
from hw.arch.taxonn.order import Op

from .counters import below, nest
from .row_sums import RowSums

__all__ = ["ConvSequencer"]


class ConvSequencer(wiring.Component):
    """What a convolution does with a sample, one order a cycle.

    ::

        bias       MULTIPLY the bias by 1.0
        forward    for each output, for each sum of its window: MULTIPLY the k d words of a lane, then nothing
                   until `beats` cycles are over
        wait       until all G are there, where this sample trains
        back       not in the first layer; for s = 0 .. h + p - 1, for each column and channel of the input: BACK the k
                   words of a kernel row, or only one where s is beyond the rows of sums; then a gap
        update     for each of the k d words, then the bias: GRADIENT (that is LOAD) for all sums; -, UPDATE, -
        gap        for results to leave and the last weight to be written

    A sample starts when its maps are whole, the next layer has a free buffer, both noises are there, and nobody
    from outside wants a weight.

    Cycles: `forward_cycles`, `back_cycles` and `update_cycles`, from the first order of a phase until it is over.

    Parameters
    ----------
    maps : Convolution
    back : bool
        Whether there is a layer before that needs the error.

    Members
    -------
    has, train : In(1); free, credit, ready, request, read, acknowledge, serving, tag_take, started, updated, idle
        As in :class:`.sequencer.Sequencer`; the tag is taken at the start.
    graded : In(1)
        All G of the sample are in their memories.
    op : Out(Op), column : Out(range(k d + 1)), first, last, bias : Out(1)
        The order.
    y, x, channel : Out
        Row and column of the input for lane 0, in padded coordinates.
    row, place : Out
        Row and column of the sum whose G is needed; it may be no sum.

    Source: TaxoNN, Sections IV-A and IV-C.
    """

    #: Orders after the forward phase before the next sample, beyond PEs, for the results to leave.
    SETTLE = 16
    CREDITS = 2
    #: Idle cycles after a row on the way back.
    ROW_GAP = RowSums.GAP

    def __init__(self, *, maps: Convolution, back: bool):
        self._maps, self._back = maps, back
        self._gap = maps.filters + maps.kernel + self.SETTLE
        rows, columns = maps.height + maps.padding, maps.columns + maps.kernel
        ins = ("has", "train", "credit", "ready", "graded", "request", "read", "acknowledge")
        outs = ("free", "first", "last", "bias", "tag_take", "started", "updated", "idle", "serving")
        super().__init__(
            {
                "op": Out(Op),
                "column": Out(range(maps.lane + 1)),
                "y": Out(range(max(maps.rows, 2))),
                "x": Out(range(max(columns, 2))),
                "channel": Out(range(max(maps.channels, 2))),
                "row": Out(range(max(rows, maps.rows, 2))),
                "place": Out(signed(max(columns, maps.width + maps.padding, maps.kernel).bit_length() + 1)),
            }
            | {name: In(1) for name in ins}
            | {name: Out(1) for name in outs}
        )

    @staticmethod
    def beats(maps: Convolution) -> int:
        """Return the cycles of a sum: k d, or M / P P where there are so many filters for one result bus."""
        return max(maps.lane, -(-maps.filters // maps.pool**2))

    @staticmethod
    def forward_cycles(maps: Convolution) -> int:
        """Return k d (w - k + 1) (h - k + 1), padding in w and h, of sums that fill windows; and 1 for the bias."""
        return ConvSequencer.beats(maps) * maps.rows * maps.columns + 1

    @staticmethod
    def back_cycles(maps: Convolution) -> int:
        """Return w d k a row of sums, w d for each of the h + p - rows other ones, and a gap each."""
        rows, words = maps.height + maps.padding, maps.width * maps.channels
        return words * (maps.kernel * maps.rows + rows - maps.rows) + RowSums.GAP * rows

    @staticmethod
    def update_cycles(maps: Convolution) -> int:
        """Return (k d + 1) (rows columns + 3)."""
        return (maps.lane + 1) * (maps.rows * maps.columns + 3)

    def elaborate(self, platform):
        m = Module()
        maps = self._maps
        self._op, self._asked, self._begun = Signal(Op, name="op_now"), Signal(name="asked"), Signal(name="begun")
        self._first, self._last = Signal(name="first_now"), Signal(name="last_now")
        self._wait = Signal(range(max(self._gap, RowSums.GAP) + 1), name="gap")
        self._credits = Signal(2, init=self.CREDITS, name="credits")
        self._next_tap, self._next_sum, self._next_word, self._flush = (
            Signal(name=name) for name in ("next_tap", "next_sum", "next_word", "flush")
        )
        limits, skip = {"channel_count": maps.channels, "tap": maps.kernel}, {"tap": self._flush}
        taps, self._taps_end = nest(m, limits, self._next_tap, skip=skip)
        windows = {"output_row": maps.pooled[0], "output_column": maps.pooled[1], "dy": maps.pool, "dx": maps.pool}
        self._sums, self._sums_end = nest(m, windows, self._next_sum)
        limits = {"row_count": maps.height + maps.padding, "word_column": maps.width}
        self._words, _ = nest(m, limits, self._next_word)
        column, self._biased = Signal(range(maps.lane + 1)), Signal(name="biased")
        with m.If(self._next_tap):
            m.d.sync += column.eq(Mux(self._taps_end, 0, column + 1))
        self._places(m, taps)
        m.d.comb += self.serving.eq(self._asked)
        m.d.sync += [
            self.op.eq(self._op),
            self.column.eq(Mux(self._biased, maps.lane, column)),
            self.first.eq(self._first),
            self.last.eq(self._last),
            self.bias.eq(self._biased & (self._op != Op.NONE)),
        ]
        with m.FSM():
            self._between_states(m)
            self._forward_states(m)
            if self._back:
                self._back_states(m)
            self._update_states(m)
        with m.If(self.acknowledge | ~self.request):
            m.d.sync += self._asked.eq(0)
        m.d.sync += self._credits.eq(self._credits + self.credit - self._begun)
        return m

    def _between_states(self, m):
        """Add the states in which a sample or a request is waited for, and that between two samples."""
        with m.State("between"):
            m.d.comb += self.idle.eq(self._credits == self.CREDITS)
            with m.If(self.request & self.idle & ~self._asked):
                m.d.sync += self._asked.eq(1)
                m.next = "outside"
            with m.Elif(~self.request & self.has & self.ready & (self._credits != 0)):
                m.d.comb += [self._begun.eq(1), self.started.eq(self.train), self.tag_take.eq(1)]
                m.d.sync += self._biased.eq(1)
                m.next = "bias"
        with m.State("outside"):
            # `column` of the order comes from the request, in the layer.
            m.d.comb += [self._op.eq(Op.WRITE), self._first.eq(1)]
            with m.If(self.read):
                m.d.comb += self._op.eq(Op.READ)
            m.next = "between"
        with m.State("gap"):
            m.d.sync += self._wait.eq(self._wait - 1)
            with m.If(self._wait == 0):  # Now the last words are read, too.
                m.d.comb += self.free.eq(1)
                m.next = "between"

    def _forward_states(self, m):
        """Add the states of the forward phase, and that in which G is waited for."""
        maps, beats = self._maps, self.beats(self._maps)
        beat = Signal(range(beats + 1))
        with m.State("bias"):
            m.d.comb += [self._op.eq(Op.MULTIPLY), self._first.eq(1), self._last.eq(1)]
            m.d.sync += [self._biased.eq(0), beat.eq(0)]
            m.next = "forward"
        with m.State("forward"):
            with m.If(beat < maps.lane):
                m.d.comb += [self._op.eq(Op.MULTIPLY), self._next_tap.eq(1)]
                m.d.comb += [self._first.eq(beat == 0), self._last.eq(self._taps_end)]
            m.d.sync += beat.eq(beat + 1)
            with m.If(beat == beats - 1):
                m.d.comb += self._next_sum.eq(1)
                m.d.sync += beat.eq(0)
                with m.If(self._sums_end):
                    m.next = "forwarded"
        with m.State("forwarded"):
            m.d.sync += self._wait.eq(self._gap - 1)
            m.next = "gap"
            with m.If(self.train):
                m.next = "wait"
        with m.State("wait"), m.If(self.graded):
            m.next = "back" if self._back else "gradient"

    def _update_states(self, m):
        """Add the states of the update."""
        with m.State("gradient"):
            m.d.comb += [self._op.eq(Op.LOAD), self._next_sum.eq(1), self._last.eq(self._sums_end)]
            m.d.comb += self._first.eq(sum(each == 0 for each in self._sums.values()) == len(self._sums))
            with m.If(self._sums_end):
                m.next = "summed"
        with m.State("summed"):  # The sum is not there one cycle after its last product.
            m.next = "update"
        with m.State("update"):
            m.d.comb += self._op.eq(Op.UPDATE)
            m.next = "written"
        with m.State("written"):  # `column` still counts.
            m.d.comb += self._next_tap.eq(~self._biased)
            m.d.sync += self._biased.eq(self._taps_end & ~self._biased)
            m.next = "gradient"
            with m.If(self._biased):
                m.next = "updated"
        with m.State("updated"):
            m.d.comb += self.updated.eq(1)
            m.d.sync += self._wait.eq(self._gap - 1)
            m.next = "gap"

    def _back_states(self, m):
        """Add the states of the way back."""
        maps, words = self._maps, self._words
        with m.State("back"):
            m.d.comb += [self._op.eq(Op.BACK), self._next_tap.eq(1)]
            m.d.comb += self._flush.eq(~below(words["row_count"], maps.rows))
            m.d.sync += self._wait.eq(RowSums.GAP - 1)
            with m.If(self._taps_end):
                m.d.comb += self._next_word.eq(1)
                with m.If(words["word_column"] == maps.width - 1):
                    m.next = "row"
        with m.State("row"):
            m.d.sync += self._wait.eq(self._wait - 1)
            with m.If(self._wait == 0):
                m.next = "back"
                # All counters are at 0 again after the last row.
                with m.If((words["row_count"] == 0) & (words["word_column"] == 0)):
                    m.next = "gradient"

    def _places(self, m, taps):
        """Give the places of the input and of G that belong to the order."""
        maps, sums, words = self._maps, self._sums, self._words
        y, x = (sums[f"output_{name}"] * maps.pool + sums[side] for name, side in (("row", "dy"), ("column", "dx")))
        m.d.sync += [
            self.y.eq(y),
            self.x.eq(x + taps["tap"]),
            self.channel.eq(taps["channel_count"]),
            self.row.eq(y),
            self.place.eq(x),
        ]
        with m.If(self._op == Op.BACK):
            m.d.sync += [
                self.row.eq(words["row_count"]),
                self.place.eq(words["word_column"] + maps.padding - taps["tap"]),
            ]
