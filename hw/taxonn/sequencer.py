"""The sequencer of a layer: orders to its first PE, which all PEs follow."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.order import Op

from .scale import Scale

__all__ = ["Sequencer"]


class Sequencer(wiring.Component):
    """What a layer does with a sample, one order a cycle.

    ::

        forward    MULTIPLY 0 .. N        waits for inputs that are not there yet; N is the bias
        gap        to the next sample, where this one does not train
        wait       until the first G is on its way
        backward   LOAD, BACK 0 .. N-1    BACK not in the first layer: nobody needs its sums
        update     UPDATE 0 .. N          two cycles after their inputs are read, which alpha is multiplied into
        gap        for the last weight to be written

    A sample starts when the next layer has a free buffer (`credit` comes back when it frees one), both
    noises are there, and nobody from outside wants a weight.

    Latency: an order one cycle after the decision; it then meets its input and its noise in :class:`.layer.FcLayer`.

    Parameters
    ----------
    inputs, outputs : int
        N = N_{i-1} and N_i.
    back : bool
        Whether there is a layer before that needs the sums.

    Members
    -------
    has, train : In(1), index : Out(range(N))
        Of the input buffer: whether it has word `index`, and whether the sample trains.
    free : Out(1)
        The input buffer's sample is done with.
    credit : In(1)
        The next layer has done with a sample.
    ready : In(1)
        Noise is there.
    gradient : In(1)
        The first G of the layer leaves the multiplier.
    request, read : In(1), acknowledge : In(1)
        A weight is wanted from outside, until acknowledged.
    op : Out(Op), column : Out(range(N + 1)), first, last : Out(1)
        The order; `column` of an UPDATE comes one cycle after it.
    bias : Out(1)
        The word of the cycle before is the bias, whose input is 1.0.
    tag_take : Out(1)
        The last MULTIPLY of a sample is given: its results follow.
    serving : Out(1)
        The order of the request is under way.
    started, updated : Out(1)
        A training sample begins; its update is over.
    idle : Out(1)
        Between samples, and the next layer has done with all of them.

    Source: TaxoNN, Sections IV-C and IV-D.
    """

    #: Cycles from the last MULTIPLY to that of the next sample at least, beyond its orders: for the results to go.
    SETTLE = 16
    #: Samples that the next layer's buffer takes.
    CREDITS = 2

    def __init__(self, *, inputs: int, outputs: int, back: bool):
        self._inputs, self._back = inputs, back
        self._gap = max(outputs - inputs - 1, 0) + self.SETTLE
        ins = ("has", "train", "credit", "ready", "gradient", "request", "read", "acknowledge")
        outs = ("free", "first", "last", "bias", "tag_take", "started", "updated", "idle", "serving")
        super().__init__(
            {"op": Out(Op), "index": Out(range(max(inputs, 2))), "column": Out(range(inputs + 1))}
            | {name: In(1) for name in ins}
            | {name: Out(1) for name in outs}
        )

    def elaborate(self, platform):
        m = Module()
        inputs = self._inputs
        column, gap, credits = Signal(range(inputs + 1)), Signal(range(self._gap + 1)), Signal(2, init=self.CREDITS)
        op, asked, begun = Signal(Op), Signal(), Signal()
        last = column == inputs
        # The inputs of UPDATE are multiplied by alpha before they meet their order.
        late, later = Signal(Scale.LATENCY), Signal()
        columns = [Signal.like(column, name=f"column_q{i}", reset_less=True) for i in range(1, Scale.LATENCY + 2)]
        m.d.comb += [self.index.eq(column), self.serving.eq(asked)]
        m.d.sync += [
            late.eq(Cat(op == Op.UPDATE, late)),
            later.eq(late[-1]),
            Cat(columns).eq(Cat(column, columns)),
            self.op.eq(Mux(late[-1], Op.UPDATE, Mux(op == Op.UPDATE, Op.NONE, op))),
            self.column.eq(Mux(later, columns[-1], column)),
            self.first.eq(column == 0),
            self.last.eq(last),
            self.bias.eq(last),
        ]

        def sweep(order, stop, after):
            """Give the order for column after column, then go on."""
            m.d.comb += op.eq(order)
            m.d.sync += column.eq(column + 1)
            with m.If(column == stop):
                m.d.sync += column.eq(0)
                m.next = after

        with m.FSM():
            with m.State("between"):
                m.d.comb += self.idle.eq(credits == self.CREDITS)
                with m.If(self.request & self.idle & ~asked):
                    m.d.sync += asked.eq(1)
                    m.next = "outside"
                with m.Elif(~self.request & self.has & self.ready & (credits != 0)):
                    m.d.comb += [begun.eq(1), self.started.eq(self.train)]
                    m.next = "forward"
            with m.State("outside"):
                # `column` of the order comes from the request, in the layer.
                m.d.comb += op.eq(Op.WRITE)
                with m.If(self.read):
                    m.d.comb += op.eq(Op.READ)
                m.next = "between"
            with m.State("forward"), m.If(last | self.has):
                m.d.comb += self.tag_take.eq(last)
                sweep(Op.MULTIPLY, inputs, "forwarded")
            with m.State("forwarded"):
                m.d.sync += gap.eq(self._gap - 1)
                with m.If(self.train):
                    m.next = "wait"
                with m.Else():
                    m.d.comb += self.free.eq(1)
                    m.next = "gap"
            with m.State("wait"), m.If(self.gradient):
                m.d.comb += op.eq(Op.LOAD)
                m.next = "back" if self._back else "update"
            if self._back:
                with m.State("back"):
                    sweep(Op.BACK, inputs - 1, "update")
            with m.State("update"):
                sweep(Op.UPDATE, inputs, "scale")
            with m.State("scale"), m.If(~late[:-1].any()):  # The last inputs are still multiplied by alpha.
                m.next = "updated"
            with m.State("updated"):
                m.d.comb += [self.free.eq(1), self.updated.eq(1)]
                m.d.sync += gap.eq(1)
                m.next = "gap"
            with m.State("gap"):
                m.d.sync += gap.eq(gap - 1)
                with m.If(gap == 0):
                    m.next = "between"

        with m.If(self.acknowledge | ~self.request):
            m.d.sync += asked.eq(0)
        m.d.sync += credits.eq(credits + self.credit - begun)
        return m
