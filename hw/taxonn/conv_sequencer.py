"""The sequencer of a convolution: orders to the first PE of lane 0, which all PEs follow."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.spec.taxonn_maps import Convolution
from hw.spec.taxonn_order import Op

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
        op, asked, begun = Signal(Op), Signal(), Signal()
        gap = Signal(range(max(self._gap, RowSums.GAP) + 1))
        credits = Signal(2, init=self.CREDITS)
        next_tap, next_sum, next_word, flush = Signal(), Signal(), Signal(), Signal()
        taps, taps_end = nest(m, {"channel_count": maps.channels, "tap": maps.kernel}, next_tap, skip={"tap": flush})
        windows = {"output_row": maps.pooled[0], "output_column": maps.pooled[1], "dy": maps.pool, "dx": maps.pool}
        sums, sums_end = nest(m, windows, next_sum)
        words, _ = nest(m, {"row_count": maps.height + maps.padding, "word_column": maps.width}, next_word)
        column, biased = Signal(range(maps.lane + 1)), Signal()
        with m.If(next_tap):
            m.d.sync += column.eq(column + 1)
            with m.If(taps_end):
                m.d.sync += column.eq(0)
        self._places(m, op, taps, sums, words)
        beat = Signal(range(self.beats(maps) + 1))
        first, last = Signal(), Signal()
        m.d.comb += self.serving.eq(asked)
        m.d.sync += [
            self.op.eq(op),
            self.column.eq(column),
            self.first.eq(first),
            self.last.eq(last),
            self.bias.eq(biased & (op != Op.NONE)),
        ]
        with m.If(biased):
            m.d.sync += self.column.eq(maps.lane)

        with m.FSM():
            with m.State("between"):
                m.d.comb += self.idle.eq(credits == self.CREDITS)
                with m.If(self.request & self.idle & ~asked):
                    m.d.sync += asked.eq(1)
                    m.next = "outside"
                with m.Elif(~self.request & self.has & self.ready & (credits != 0)):
                    m.d.comb += [begun.eq(1), self.started.eq(self.train), self.tag_take.eq(1)]
                    m.d.sync += biased.eq(1)
                    m.next = "bias"
            with m.State("outside"):
                # `column` of the order comes from the request, in the layer.
                m.d.comb += [op.eq(Op.WRITE), first.eq(1)]
                with m.If(self.read):
                    m.d.comb += op.eq(Op.READ)
                m.next = "between"
            with m.State("bias"):
                m.d.comb += [op.eq(Op.MULTIPLY), first.eq(1), last.eq(1)]
                m.d.sync += [biased.eq(0), beat.eq(0)]
                m.next = "forward"
            with m.State("forward"):
                with m.If(beat < maps.lane):
                    m.d.comb += [op.eq(Op.MULTIPLY), next_tap.eq(1), first.eq(beat == 0), last.eq(taps_end)]
                m.d.sync += beat.eq(beat + 1)
                with m.If(beat == self.beats(maps) - 1):
                    m.d.comb += next_sum.eq(1)
                    m.d.sync += beat.eq(0)
                    with m.If(sums_end):
                        m.next = "forwarded"
            with m.State("forwarded"):
                m.d.sync += gap.eq(self._gap - 1)
                m.next = "gap"
                with m.If(self.train):
                    m.next = "wait"
            with m.State("wait"), m.If(self.graded):
                m.next = "back" if self._back else "gradient"
            if self._back:
                self._back_states(m, op, gap, next_tap, next_word, flush, taps_end, words)
            with m.State("gradient"):
                m.d.comb += [op.eq(Op.LOAD), next_sum.eq(1), last.eq(sums_end)]
                m.d.comb += first.eq(sum(each == 0 for each in sums.values()) == len(sums))
                with m.If(sums_end):
                    m.next = "summed"
            with m.State("summed"):  # The sum is not there one cycle after its last product.
                m.next = "update"
            with m.State("update"):
                m.d.comb += op.eq(Op.UPDATE)
                m.next = "written"
            with m.State("written"):  # `column` still counts.
                m.d.comb += next_tap.eq(~biased)
                m.d.sync += biased.eq(taps_end & ~biased)
                m.next = "gradient"
                with m.If(biased):
                    m.next = "updated"
            with m.State("updated"):
                m.d.comb += self.updated.eq(1)
                m.d.sync += gap.eq(self._gap - 1)
                m.next = "gap"
            with m.State("gap"):
                m.d.sync += gap.eq(gap - 1)
                with m.If(gap == 0):  # Now the last words are read, too.
                    m.d.comb += self.free.eq(1)
                    m.next = "between"

        with m.If(self.acknowledge | ~self.request):
            m.d.sync += asked.eq(0)
        m.d.sync += credits.eq(credits + self.credit - begun)
        return m

    def _back_states(self, m, op, gap, next_tap, next_word, flush, taps_end, words):
        """Add the states of the way back."""
        maps = self._maps
        with m.State("back"):
            m.d.comb += [op.eq(Op.BACK), next_tap.eq(1), flush.eq(~below(words["row_count"], maps.rows))]
            m.d.sync += gap.eq(RowSums.GAP - 1)
            with m.If(taps_end):
                m.d.comb += next_word.eq(1)
                with m.If(words["word_column"] == maps.width - 1):
                    m.next = "row"
        with m.State("row"):
            m.d.sync += gap.eq(gap - 1)
            with m.If(gap == 0):
                m.next = "back"
                # All counters are at 0 again after the last row.
                with m.If((words["row_count"] == 0) & (words["word_column"] == 0)):
                    m.next = "gradient"

    def _places(self, m, op, taps, sums, words):
        """Give the places of the input and of G that belong to the order."""
        maps = self._maps
        y, x = (sums[f"output_{name}"] * maps.pool + sums[side] for name, side in (("row", "dy"), ("column", "dx")))
        m.d.sync += [
            self.y.eq(y),
            self.x.eq(x + taps["tap"]),
            self.channel.eq(taps["channel_count"]),
            self.row.eq(y),
            self.place.eq(x),
        ]
        with m.If(op == Op.BACK):
            m.d.sync += [
                self.row.eq(words["row_count"]),
                self.place.eq(words["word_column"] + maps.padding - taps["tap"]),
            ]
