"""A fully connected layer: buffer, sequencer, a chain of PEs, activation unit, global multiplier."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.taxonn.config import ERROR, NOISE_BITS, Activation, FixedFormat, Rounding
from hw.arch.taxonn.order import Op, order_word
from hw.lib.bits import join
from hw.lib.shared import shared

from .buffer import DoubleBuffer
from .input_stage import InputStage
from .noise import Noise
from .output_stage import OutputStage
from .pe import Pe
from .scale import Scale
from .sequencer import Sequencer
from .weight_noise import WeightNoise

__all__ = ["FcLayer", "tag_layout"]


def tag_layout(classes: int) -> data.StructLayout:
    """Layout of what goes along with a sample: whether it trains, and its label."""
    return data.StructLayout({"train": 1, "label": range(max(classes, 2))})


class FcLayer(wiring.Component):
    """Layer i of a network: N_i PEs, each a neuron.

    The input goes from PE to PE, and so do the sums over the PEs, which the layer before takes as the error
    of its outputs. Results go to the activation unit over a bus, one a cycle in the order of the PEs,
    because each PE is a cycle behind the one before; G comes to them over a bus in the same order.

    Cycles (:mod:`.timing`): first MULTIPLY to the last output N_{i-1} + N_i + 5 and the latency of the activation unit;
    first G of this layer to that of the layer before N_i + 7.

    Parameters
    ----------
    inputs, outputs, classes : int
        N_{i-1}, N_i and N_n.
    form : FixedFormat
    kind : Activation
    source : FixedFormat or None
        Format of the inputs; None for that of the layer, without conversion.
    error_bits, error_fraction : int or None
        Width and fraction bits of the sums that come from the next layer; None for the last layer, which has a
        loss unit in their place.
    rounding : Rounding
        Of updates and errors.
    conversion : Rounding
        Of inputs that lose fraction bits, in samples that train.

    Members
    -------
    i_valid, i_ready : In(1), Out(1); i : In(signed), i_tag : In(tag_layout)
        Inputs; `i_ready` matters only where there is no conversion, else `free` is the credit.
    free : Out(1)
        An input sample is done with.
    o_valid : Out(1), o : Out(signed), o_tag : Out(tag_layout), credit : In(1)
        Outputs, which cannot be stalled, and a free buffer behind them.
    error_valid, error : In
        Sums from the next layer, not in the last.
    sums_valid, sums : Out
        Sums for the layer before, not in the first.
    rate : In(signed), key : In(64), restart : In(1)
        -alpha in units of 2^-(F + 3); key and restart of the noise.
    request, read, row, column, value : In; acknowledge, answer : Out
        Access to a weight, held until acknowledged.
    started, output_last, gradient_last, updated : Out(1)
        A training sample starts, its last output, its last G, the end of its update.
    idle : Out(1)

    Source: TaxoNN, Sections IV-A to IV-D.
    """

    def __init__(
        self,
        *,
        inputs: int,
        outputs: int,
        classes: int,
        form: FixedFormat,
        kind: Activation,
        source: FixedFormat | None,
        error_bits: int | None,
        error_fraction: int | None,
        rounding: Rounding,
        conversion: Rounding,
    ):
        self._inputs, self._outputs, self._form, self._kind = inputs, outputs, form, kind
        self._error = (error_bits, error_fraction)
        self._hidden, self._back = error_bits is not None, source is not None
        self._stochastic = rounding == Rounding.STOCHASTIC
        self._stage = {"form": form, "source": source, "conversion": conversion}
        self._pe = {"inputs": inputs, "outputs": outputs, "form": form, "training": True, "rounding": rounding}
        self._acc, self._tag = signed(Pe.acc_bits(inputs, outputs, form, True)), tag_layout(classes)
        self.module_name = "taxonn_layer"
        code = signed(form.width)
        ins = {"i_valid": 1, "i": signed((source or form).width), "i_tag": self._tag, "credit": 1}
        ins |= {"rate": code, "key": 64, "restart": 1, "request": 1, "read": 1, "row": range(max(outputs, 2))}
        ins |= {"column": range(inputs + 1), "value": code} | (
            {"error_valid": 1, "error": signed(error_bits)} if self._hidden else {}
        )
        outs = {"i_ready": 1, "free": 1, "o_valid": 1, "o": code, "o_tag": self._tag, "acknowledge": 1}
        outs |= {"answer": code, "started": 1, "output_last": 1, "gradient_last": 1, "updated": 1, "idle": 1}
        outs |= {"sums_valid": 1, "sums": self._acc} if self._back else {}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = shared(
            "sequencer", Sequencer, inputs=self._inputs, outputs=self._outputs, back=self._back
        )
        m.submodules.stage = stage = shared(
            "stage",
            OutputStage,
            size=self._outputs,
            kind=self._kind,
            form=self._form,
            bits=self._acc.width,
            error_bits=self._error[0],
            error_fraction=self._error[1],
            stochastic=self._stochastic,
        )
        buffer = self._input(m, sequencer)
        op, word = self._orders(m, sequencer, buffer)
        gradient = Signal(signed(self._form.width), reset_less=True)
        m.d.sync += gradient.eq(stage.gradient)
        result_valid, result = self._chain(m, op, word, gradient)
        self._outputs_of(m, sequencer, stage, result_valid, result)
        return m

    def _input(self, m, sequencer):
        """Convert the inputs and keep them."""
        buffer = shared("buffer", DoubleBuffer, count=self._inputs, width=self._form.width, tag=self._tag.size)
        m.submodules.buffer = buffer
        tag = data.View(self._tag, buffer.tag)
        m.submodules.inputs = inputs = shared("inputs", InputStage, **self._stage, count=self._inputs, tag=self._tag)
        m.d.comb += [getattr(inputs, n).eq(getattr(self, n)) for n in ("i_valid", "i", "i_tag", "key", "restart")]
        m.d.comb += [
            buffer.i_valid.eq(inputs.o_valid),
            buffer.i.eq(inputs.o),
            buffer.i_tag.eq(inputs.o_tag.as_value()),
            self.i_ready.eq(buffer.i_ready),
            buffer.index.eq(sequencer.index),
            buffer.free.eq(sequencer.free),
            self.free.eq(sequencer.free),
            sequencer.has.eq(buffer.has),
            sequencer.train.eq(tag.train),
            sequencer.credit.eq(self.credit),
            sequencer.request.eq(self.request),
            sequencer.read.eq(self.read),
            sequencer.acknowledge.eq(self.acknowledge),
            self.started.eq(sequencer.started),
            self.updated.eq(sequencer.updated),
            self.idle.eq(sequencer.idle & buffer.empty),
        ]
        with m.If(sequencer.tag_take):
            m.d.sync += self.o_tag.eq(tag)
        return buffer

    def _orders(self, m, sequencer, buffer):
        """Return op and word for PE 0: the order with its input and its noise."""
        form = self._form
        word, plain = Signal(order_word(self._inputs, form)), Signal(signed(form.width))
        m.submodules.scale = scale = shared("scale", Scale, form=form)
        m.d.comb += [
            plain.eq(Mux(sequencer.bias, form.one, buffer.o)),
            scale.x.eq(plain),
            scale.rate.eq(self.rate),
            word.column.eq(sequencer.column),
            word.first.eq(sequencer.first),
            word.last.eq(sequencer.last),
            word.x.eq(plain),
        ]
        with m.Switch(sequencer.op):
            with m.Case(Op.WRITE):
                m.d.comb += [word.x.eq(self.value), word.column.eq(self.column)]
            with m.Case(Op.READ):
                m.d.comb += [word.x.eq(1), word.column.eq(self.column)]
            with m.Case(Op.BACK):
                m.d.comb += word.x.eq(0)
            with m.Case(Op.UPDATE):
                m.d.comb += word.x.eq(scale.o)
        if self._stochastic:
            m.submodules.weight_noise = noise = shared("weight_noise", WeightNoise, count=self._inputs + self._outputs)
            m.d.comb += [noise.key.eq(self.key), noise.restart.eq(self.restart)]
            m.d.comb += noise.update.eq(sequencer.op == Op.UPDATE)
            self._noise_bus = noise.noise
            if self._hidden:
                self._error_noise = self._noise(m, "error_noise", ERROR, self._outputs)
        # No sample before there is noise in any layer.
        settle = Signal(range(NOISE_ROUNDS + 2), init=NOISE_ROUNDS + 1)
        m.d.comb += sequencer.ready.eq(settle == 0)
        with m.If(self.restart):
            m.d.sync += settle.eq(NOISE_ROUNDS + 1)
        with m.Elif(settle != 0):
            m.d.sync += settle.eq(settle - 1)
        return sequencer.op, word

    def _noise(self, m, name, kind, count):
        m.submodules[name] = noise = shared(name, Noise, kind=kind, count=count)
        m.d.comb += [noise.key.eq(self.key), noise.restart.eq(self.restart)]
        return noise

    def _chain(self, m, op, word, gradient):
        """Make the PEs; return their result bus."""
        valid, result, acc = [], [], Const(0, self._acc)
        for r in range(self._outputs):
            m.submodules[f"pe_{r}"] = pe = shared(f"pe_{r}", Pe, **self._pe)
            m.d.comb += [
                pe.op.eq(op),
                pe.word.eq(word),
                pe.select.eq(self.row == r),
                pe.acc_i.eq(acc),
                pe.gradient.eq(gradient),
            ]
            if self._stochastic:
                m.d.comb += pe.noise.eq(self._noise_bus.rotate_left(r % NOISE_BITS))
            op, word, acc = pe.op_o, pe.word_o, pe.acc
            valid.append(pe.result_valid)
            result.append(pe.result.as_unsigned())
        if self._back:
            m.d.comb += [self.sums_valid.eq(pe.back_valid), self.sums.eq(acc)]
        valid_q, result_q = Signal(), Signal(self._acc, reset_less=True)
        m.d.sync += [valid_q.eq(join(valid)), result_q.eq(join(result))]
        return valid_q, result_q

    def _outputs_of(self, m, sequencer, stage, valid, result):
        """Bring the results to the activation unit or the outside, and the errors or the label to the multiplier."""
        m.d.comb += [
            self.answer.eq(result),
            self.acknowledge.eq(valid & sequencer.serving),
            stage.i_valid.eq(valid & ~sequencer.serving),
            stage.i.eq(result),
            self.o_valid.eq(stage.o_valid),
            self.o.eq(stage.o),
            sequencer.gradient.eq(stage.gradient_valid & (stage.index == 0)),
            self.gradient_last.eq(stage.gradient_valid & (stage.index == self._outputs - 1)),
        ]
        if self._hidden:
            m.d.comb += [stage.error_valid.eq(self.error_valid), stage.error.eq(self.error)]
            if self._stochastic:
                noise = self._error_noise
                m.d.comb += [stage.noise.eq(noise.noise), noise.take.eq(self.error_valid)]
        else:
            m.d.comb += [stage.train.eq(self.o_tag.train), stage.label.eq(self.o_tag.label)]
            m.d.comb += self.output_last.eq(stage.begun)
