"""A convolution with its pooling: maps, sequencer, filters of PEs, and what a layer has once."""

from amaranth.hdl import Module, Mux, Shape, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import ERROR, NOISE_BITS, WEIGHT, Activation, FixedFormat, Rounding
from hw.arch.taxonn.maps import Convolution
from hw.arch.taxonn.order import Op
from hw.lib.bits import join
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .conv_sequencer import ConvSequencer
from .counters import below, table
from .filter import Filter, gradient_layout
from .input_stage import InputStage
from .lanes import Lanes
from .layer import tag_layout
from .map_buffer import MapBuffer
from .noise import Noise
from .output_stage import OutputStage
from .row_sums import RowSums

__all__ = ["ConvLayer"]


class ConvLayer(wiring.Component):
    """Layer i of a network: M filters of k PEs, row-stationary: PE (m, i) keeps row i of filter m for all channels.

    ::

        forward   PE (m, i) adds up what row i of its filter makes of row y + i of the input, k d products a sum; the k
                  partial sums of a filter become z, and the greatest z of a window, or their mean, goes to the
                  activation unit
        back      PE (m, i) multiplies G of row s by its words; the sums over m travel from filter to filter, those over
                  kernel columns and rows are made behind the last filter, where partial rows wait (RowSums)
        update    PE (m, i) adds up G X for one of its words over all sums, then adds -alpha times that to the word

    A row of words goes along a lane, through PE i of all filters, as in a fully connected layer through all PEs.
    With a maximum only the greatest sum of a window has a G; the PEs multiply by 0 for the others. With an average all
    have it, and its products have `maps.spread` more fraction bits.

    Cycles: see :class:`.conv_sequencer.ConvSequencer`; the forward phase has k d for each sum.

    Parameters
    ----------
    maps : Convolution
    classes : int
        N_n.
    form, source : FixedFormat
    kind : Activation
    error_bits, error_fraction : int
        As in :class:`.layer.FcLayer`; `source` is None only in the first layer.
    rounding, conversion : Rounding

    Members
    -------
    As in :class:`.layer.FcLayer`; row is the PE m k + i.

    Source: TaxoNN, Sections IV-A to IV-D.
    """

    def __init__(
        self,
        *,
        maps: Convolution,
        classes: int,
        form: FixedFormat,
        kind: Activation,
        source: FixedFormat | None,
        error_bits: int,
        error_fraction: int,
        rounding: Rounding,
        conversion: Rounding,
    ):
        self._stage = {"form": form, "source": source, "conversion": conversion}
        self._maps, self._form, self._kind = maps, form, kind
        self._error = {"error_bits": error_bits, "error_fraction": error_fraction}
        self._rounding, self._stochastic = rounding, rounding == Rounding.STOCHASTIC
        self._back, self._tag = source is not None, tag_layout(classes)
        self.module_name = "taxonn_convolution"
        code = signed(form.width)
        ins = {"i_valid": 1, "i": signed((source or form).width), "i_tag": self._tag, "credit": 1}
        ins |= {"rate": code, "key": 64, "restart": 1, "request": 1, "read": 1}
        ins |= {"row": range(max(maps.filters * maps.kernel, 2)), "column": range(maps.lane + 1), "value": code}
        ins |= {"error_valid": 1, "error": signed(error_bits)}
        outs = {"i_ready": 1, "free": 1, "o_valid": 1, "o": code, "o_tag": self._tag, "acknowledge": 1}
        outs |= {"answer": code, "started": 1, "gradient_last": 1, "updated": 1, "idle": 1}
        outs |= {"sums_valid": 1, "sums": signed(self.sums_bits(maps, form))} if self._back else {}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    @staticmethod
    def sums_bits(maps: Convolution, form: FixedFormat) -> int:
        """Return the width of the sums for the layer before."""
        return RowSums.out_bits(maps, Filter.acc_bits(maps, form))

    def elaborate(self, platform):
        m = Module()
        m.submodules.sequencer = sequencer = shared("sequencer", ConvSequencer, maps=self._maps, back=self._back)
        m.submodules.stage = stage = shared(
            "stage",
            OutputStage,
            size=self._maps.outputs,
            kind=self._kind,
            form=self._form,
            bits=Filter.sum_bits(self._maps, self._form),
            **self._error,
            stochastic=self._stochastic,
            mean=self._maps.mean(self._form.width),
            slope=self._maps.slope(self._form.fraction),
        )
        buffer = self._input(m, sequencer)
        noise = self._noises(m, sequencer, stage)
        ops, words, bias = self._lanes(m, sequencer, buffer)
        filters = self._filters(m, ops, words, bias, self._place(m, sequencer), noise)
        self._outputs_of(m, sequencer, stage, filters)
        self._gradients(m, sequencer, stage, filters)
        if self._back:
            m.submodules.rows = rows = shared(
                "rows", RowSums, maps=self._maps, bits=Filter.acc_bits(self._maps, self._form)
            )
            last = filters[-1]
            m.d.comb += [rows.i_valid.eq(last.back_valid), rows.i.eq(last.acc_o)]
            m.d.comb += [self.sums_valid.eq(rows.o_valid), self.sums.eq(rows.o)]
        return m

    def _input(self, m, sequencer):
        """Convert the inputs and keep them."""
        m.submodules.buffer = buffer = shared(
            "buffer", MapBuffer, maps=self._maps, width=self._form.width, tag=self._tag.size
        )
        tag = data.View(self._tag, buffer.tag)
        m.submodules.inputs = inputs = shared(
            "inputs", InputStage, **self._stage, count=self._maps.inputs, tag=self._tag
        )
        m.d.comb += [getattr(inputs, n).eq(getattr(self, n)) for n in ("i_valid", "i", "i_tag", "key", "restart")]
        m.d.comb += [
            buffer.i_valid.eq(inputs.o_valid),
            buffer.i.eq(inputs.o),
            buffer.i_tag.eq(inputs.o_tag.as_value()),
            self.i_ready.eq(buffer.i_ready),
            buffer.y.eq(sequencer.y),
            buffer.x.eq(sequencer.x),
            buffer.channel.eq(sequencer.channel),
            buffer.free.eq(sequencer.free),
            self.free.eq(sequencer.free),
            sequencer.has.eq(buffer.has),
            sequencer.train.eq(tag.train),
            self.started.eq(sequencer.started),
            self.updated.eq(sequencer.updated),
            self.idle.eq(sequencer.idle & buffer.empty),
        ]
        m.d.comb += [getattr(sequencer, n).eq(getattr(self, n)) for n in ("credit", "request", "read", "acknowledge")]
        with m.If(sequencer.tag_take):
            m.d.sync += self.o_tag.eq(tag)
        return buffer

    def _noises(self, m, sequencer, stage):
        """Make the noise of both classes; return that of each PE, which comes two cycles after its order."""
        if not self._stochastic:
            m.d.comb += sequencer.ready.eq(~self.restart)
            return None
        weight = self._noise(m, "weight_noise", WEIGHT, self._maps.lane + 1)
        error = self._noise(m, "error_noise", ERROR, self._maps.outputs)
        m.d.comb += [
            sequencer.ready.eq(~self.restart & weight.valid & error.valid),
            weight.take.eq(sequencer.op == Op.UPDATE),
            stage.noise.eq(error.noise),
            error.take.eq(self.error_valid),
        ]
        taken, found = weight.noise, []
        for n in range(MapBuffer.LATENCY + 2 + self._maps.filters + self._maps.kernel - 2):
            turned = Signal(NOISE_BITS, name=f"noise_{n}", reset_less=True)
            m.d.sync += turned.eq(taken if n < MapBuffer.LATENCY + 2 else taken.rotate_left(1))
            taken = turned
            found.append(turned)
        return found[MapBuffer.LATENCY + 1 :]

    def _noise(self, m, name, kind, count):
        m.submodules[name] = noise = shared(name, Noise, kind=kind, count=count)
        m.d.comb += [noise.key.eq(self.key), noise.restart.eq(self.restart)]
        return noise

    def _lanes(self, m, sequencer, buffer):
        """Return op and word for the first PE of each lane, and the flag of the bias in lane 0."""
        k = self._maps.kernel
        m.submodules.lanes = lanes = shared("lanes", Lanes, maps=self._maps, form=self._form)
        m.d.comb += [getattr(lanes, n).eq(getattr(sequencer, n)) for n in ("op", "column", "first", "last", "bias")]
        m.d.comb += [
            lanes.x.eq(buffer.o),
            lanes.rate.eq(self.rate),
            lanes.value.eq(self.value),
            lanes.place.eq(self.column),
        ]
        return [lanes.op_o[i] for i in range(k)], [lanes.word_o[i] for i in range(k)], lanes.bias_o

    def _place(self, m, sequencer):
        """Return where the G of an order is, one cycle before the order."""
        maps, within = self._maps, self._maps.places > 1
        place = Signal(gradient_layout(maps), name="gradient_place")
        row, column, side = sequencer.row, sequencer.place, maps.pool
        rows, columns = range(1 << len(row)), range(1 << len(column))
        m.d.sync += [
            place.output.eq(
                table(row, [y // side * maps.pooled[1] for y in rows])
                + table(column.as_unsigned(), [x // side for x in columns])
            ),
            place.place.eq(
                table(row, [within * (y % side) * side for y in rows])
                + table(column.as_unsigned(), [within * (x % side) for x in columns])
            ),
            place.inside.eq(below(row, maps.rows) & below(column.as_unsigned(), maps.columns)),
        ]
        return place

    def _filters(self, m, ops, words, bias, place, noise):
        """Make the filters, a chain; return them."""
        maps, k = self._maps, self._maps.kernel
        parameters = {"maps": maps, "form": self._form, "rounding": self._rounding}
        filters, acc = [], None
        for number in range(maps.filters):
            m.submodules[f"filter_{number}"] = each = shared(f"filter_{number}", Filter, **parameters)
            for i in range(k):
                m.d.comb += [
                    each.op[i].eq(ops[i]),
                    each.word[i].eq(words[i]),
                    each.select[i].eq(self.row == number * k + i),
                ]
                if noise:
                    m.d.comb += each.noise[i].eq(noise[number + i])
            m.d.comb += [each.bias.eq(bias), each.gradient.eq(place), each.acc_i.eq(0 if acc is None else acc)]
            ops, words = [each.op_o[i] for i in range(k)], [each.word_o[i] for i in range(k)]
            bias, place, acc = each.bias_o, each.gradient_o, each.acc_o
            filters.append(each)
        return filters

    def _outputs_of(self, m, sequencer, stage, filters):
        """Bring results to the activation unit, and answers to the outside."""
        self._place_of_gradient = Signal(range(max(self._maps.places, 2)), name="place_of_gradient")
        m.d.comb += [each.serving.eq(sequencer.serving) for each in filters]
        valid_q, result_q = Signal(), Signal(signed(len(stage.i)), reset_less=True)
        m.d.sync += [
            valid_q.eq(join(each.o_valid for each in filters)),
            result_q.eq(join(each.o.as_unsigned() for each in filters)),
            self.acknowledge.eq(join(each.answer_valid for each in filters)),
            self.answer.eq(join(Mux(each.answer_valid, each.answer.as_unsigned(), 0) for each in filters)),
        ]
        m.d.comb += [
            stage.i_valid.eq(valid_q),
            stage.i.eq(result_q),
            self.o_valid.eq(stage.o_valid),
            self.o.eq(stage.o),
            stage.error_valid.eq(self.error_valid),
            stage.error.eq(self.error),
        ]
        if self._maps.places > 1:
            self._keep_places(m, stage, valid_q, join(each.place for each in filters))

    def _keep_places(self, m, stage, valid_q, place):
        """Keep where each maximum was until its G leaves the stage."""
        shape = range(self._maps.places)
        m.submodules.places = places = shared("places", Scratchpad, depth=self._maps.outputs, shape=Shape.cast(shape))
        count, place_q = Signal(range(max(self._maps.outputs, 2))), Signal(shape, reset_less=True)
        m.d.sync += place_q.eq(place)
        with m.If(valid_q):
            m.d.sync += count.eq(Mux(count == self._maps.outputs - 1, 0, count + 1))
        m.d.comb += [places.write.eq(valid_q), places.write_address.eq(count), places.write_data.eq(place_q)]
        m.d.comb += [places.read_address.eq(stage.index), self._place_of_gradient.eq(places.read_data)]

    def _gradients(self, m, sequencer, stage, filters):
        """Bring each G, with the place of its sum, into the memory of its filter."""
        maps, last = self._maps, stage.index == self._maps.outputs - 1
        gradient_q, valid_q, last_q = Signal.like(stage.gradient, reset_less=True), Signal(), Signal()
        number, output = Signal(range(max(maps.filters, 2))), Signal(range(max(maps.outputs // maps.filters, 2)))
        m.d.comb += self.gradient_last.eq(stage.gradient_valid & last)
        m.d.sync += [
            gradient_q.eq(stage.gradient),
            valid_q.eq(stage.gradient_valid),
            last_q.eq(self.gradient_last),
            sequencer.graded.eq(last_q),
        ]
        with m.If(valid_q):
            m.d.sync += number.eq(number + 1)
            with m.If(number == maps.filters - 1):
                m.d.sync += [number.eq(0), output.eq(Mux(last_q, 0, output + 1))]
        for n, each in enumerate(filters):
            m.d.comb += [
                each.write.eq(valid_q & (number == n)),
                each.write_output.eq(output),
                each.write_data.eq(gradient_q),
                each.write_place.eq(self._place_of_gradient),
            ]
