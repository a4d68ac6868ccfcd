"""The processing element: one multiplier and one adder for inference and training."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hw.arch.taxonn.config import NOISE_BITS, RATE_SHIFT, FixedFormat, Rounding
from hw.arch.taxonn.order import Op, order_word
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .fixed import noise_field, saturate

__all__ = ["Pe"]


class Pe(wiring.Component):
    """A neuron: a row of weights and its bias, one product a cycle.

    Inference is MULTIPLY. Training multiplexes the same multiplier and adder (:class:`hw.arch.taxonn.order.Op`)::

        MUX1      x or alpha x | G            MUX2      W | G
        MUX3      0, acc | acc of the PE before | W with half an LSB or rounding noise below
        product = MUX1 * MUX2                 sum = MUX3 + product

    W is a row, but step 1 of the paper needs columns of the next layer's W. So it is done where W is: PE r of layer
    i+1 multiplies its G with its row word by word, and the sums over r travel through acc from PE to PE,
    column j one cycle behind column j-1. They leave the last PE in the order in which layer i needs them.

    The only register that training adds is G. The layer multiplies the learning rate into x, once for all PEs.
    The weight under update is in no register: the product of an UPDATE does not need it, so it is read one
    cycle later, and its column, which comes one cycle after the order, is in `word_o` when it is
    written. Sums are exact: acc holds every sum of its layer.

    Latency `LATENCY` = 3 cycles from an order to acc, which BACK takes one cycle later in the next PE; an order
    goes on after one cycle. A weight is updated 3 cycles after its order.

    Parameters
    ----------
    inputs : int
        N_{i-1}, weights of the row.
    outputs : int
        N_i, PEs of the layer, for the width of sums over them.
    form : FixedFormat
        (I, F) of the layer.
    training : bool
        Whether it can train; else it is the baseline, with MULTIPLY, WRITE and READ.
    rounding : Rounding
        Of the update.
    kernel : bool
        Whether the row is that of a filter of a convolution. Then each BACK and LOAD takes its own G from the bus,
        and LOAD adds x G to acc, from half an LSB where `first`; where `last`, G is the sum, rounded.
    spread : int
        Fraction bits that those G have beyond F.

    Members
    -------
    op, op_o : In, Out(Op)
    word, word_o : In, Out(order_word)
    select : In(1)
        Whether WRITE and READ mean this PE.
    result : Out(signed(acc_bits))
        acc while `result_valid`, else 0.
    acc : Out(signed(acc_bits))
        To the next PE; the sums of the layer where this is the last PE and `back_valid`.
    result_valid, back_valid : Out(1)
    acc_i : In(signed(acc_bits)), gradient : In(signed)
        acc of the PE before, and the bus of G.
    noise : In(8)
        Of an UPDATE, two cycles after its order; with stochastic rounding only.

    Source: TaxoNN, Section IV-C and Fig. 4.
    """

    LATENCY = 3

    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        form: FixedFormat,
        training: bool,
        rounding: Rounding,
        kernel: bool = False,
        spread: int = 0,
    ):
        self._spread = spread
        self._inputs, self._form, self._training, self._kernel = inputs, form, training, kernel
        self._stochastic = training and rounding == Rounding.STOCHASTIC
        self.module_name = "taxonn_pe_kernel" if kernel else "taxonn_pe" if training else "taxonn_pe_baseline"
        acc = signed(self.acc_bits(inputs, outputs, form, training))
        layout = order_word(inputs, form)
        ins = {"op": Op, "word": layout, "select": 1}
        outs = {"op_o": Op, "word_o": layout, "result": acc, "result_valid": 1}
        if training:
            ins |= {"acc_i": acc, "gradient": signed(form.width)}
            outs |= {"acc": acc, "back_valid": 1}
        if self._stochastic:
            ins["noise"] = NOISE_BITS
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    @staticmethod
    def acc_bits(inputs: int, outputs: int, form: FixedFormat, training: bool) -> int:
        """Return the width in which no sum of a layer overflows."""
        width = 2 * form.width + ceil_log2(max(inputs + 1, outputs if training else 1))
        return max(width, Pe._update_bits(form)) if training else width

    @staticmethod
    def _update_bits(form: FixedFormat) -> int:
        """Width of a weight with the fraction bits of its update, and the product added."""
        return max(form.width + form.fraction + RATE_SHIFT, 2 * form.width) + 1

    def elaborate(self, platform):
        m = Module()
        width = self._form.width
        m.submodules.scratchpad = pad = shared("scratchpad", Scratchpad, depth=self._inputs + 1, shape=signed(width))
        op_q2, first_q2, last_q2 = Signal(Op), Signal(reset_less=True), Signal(reset_less=True)
        a, b = Signal(signed(width)), Signal(signed(width))
        product = Signal(signed(2 * width), reset_less=True)
        acc = Signal.like(self.result, reset_less=True)
        addend, total = Signal.like(acc), Signal.like(acc)
        selected, valid = Signal(2), Signal()

        # Cycle 0: read the weight.
        m.d.comb += pad.read_address.eq(self.word.column)
        m.d.sync += [self.op_o.eq(self.op), self.word_o.eq(self.word), selected.eq(Cat(self.select, selected))]

        # Cycle 1: multiply; write the weight that comes from outside.
        m.d.comb += [
            a.eq(self.word_o.x),
            b.eq(pad.read_data),
            pad.write.eq((self.op_o == Op.WRITE) & selected[0]),
            pad.write_address.eq(self.word_o.column),
            pad.write_data.eq(self.word_o.x),
        ]
        m.d.sync += [product.eq(a * b), op_q2.eq(self.op_o)]
        m.d.sync += [first_q2.eq(self.word_o.first), last_q2.eq(self.word_o.last)]

        # Cycle 2: add.
        host = (op_q2 == Op.WRITE) | (op_q2 == Op.READ)
        m.d.comb += [addend.eq(_gated(acc, ~first_q2)), total.eq(addend + product), self.result_valid.eq(valid)]
        m.d.sync += valid.eq(((op_q2 == Op.MULTIPLY) & last_q2) | (host & selected[1]))
        with m.If(op_q2 != Op.NONE):
            m.d.sync += acc.eq(total)
        m.d.comb += self.result.eq(_gated(acc, valid))
        if self._training:
            self._train(m, pad, a, b, op_q2, ~first_q2, last_q2, addend, total, acc)
        return m

    def _train(self, m, pad, a, b, op_q2, goes_on, last, addend, total, acc):
        """Add the inputs of the three multiplexers and the register of G."""
        form, cut = self._form, self._form.fraction + RATE_SHIFT
        gradient = Signal(signed(form.width), name="gradient_q", reset_less=True)
        rounded = Signal(signed(form.width))

        # Cycle 0: take G from the bus; in a kernel each BACK has its own.
        with m.If((self.op == Op.LOAD) | (self.op == Op.BACK) if self._kernel else self.op == Op.LOAD):
            m.d.sync += gradient.eq(self.gradient)

        # Cycle 1: MUX1, which needs no more than an OR as x is 0 in BACK, and MUX2.
        m.d.comb += a.eq(self.word_o.x | _gated(gradient, self.op_o == Op.BACK))
        with m.If(self.op_o == Op.UPDATE):
            m.d.comb += b.eq(gradient)

        # Cycle 2: MUX3; then round by cutting bits, and saturate. The sum has no more bits than these.
        back, update = op_q2 == Op.BACK, op_q2 == Op.UPDATE
        field = noise_field(self.noise, cut) if self._stochastic else Const(1 << cut - 1, cut)
        weight = Cat(field, pad.read_data).as_signed()
        own = goes_on & ~back & ~update
        m.d.comb += [
            addend.eq(_gated(acc, own) | _gated(self.acc_i, back) | _gated(weight, update)),
            rounded.eq(saturate(total[cut : self._update_bits(form)].as_signed(), form)),
        ]
        with m.If(update):
            m.d.comb += [pad.write.eq(1), pad.write_data.eq(rounded)]
        m.d.sync += self.back_valid.eq(back)
        m.d.comb += self.acc.eq(acc)
        if self._kernel:
            self._sum(m, b, op_q2, ~goes_on, last, addend, total, gradient)

    def _sum(self, m, b, op_q2, first, last, addend, total, gradient):
        """Add what LOAD does in a kernel: the sum over x G, rounded to be the G of the update."""
        fraction = self._form.fraction + self._spread
        # Cycle 1: MUX2.
        with m.If(self.op_o == Op.LOAD):
            m.d.comb += b.eq(gradient)
        # Cycle 2: begin with half an LSB of the result.
        with m.If(op_q2 == Op.LOAD):
            with m.If(first):
                m.d.comb += addend.eq(1 << fraction - 1)
            with m.If(last):
                m.d.sync += gradient.eq(saturate(total >> fraction, self._form))


def _gated(value: Value, enable: Value) -> Value:
    """Return the value, or 0 without enable."""
    return (value.as_unsigned() & enable.replicate(len(value))).as_signed()
