"""The machine: layers in a row, sample and result streams, registers."""

from itertools import pairwise

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hw.arch.hash import NOISE_ROUNDS
from hw.arch.registers import Access
from hw.arch.taxonn.config import TaxonnConfig
from hw.arch.taxonn.registers import COLUMN, LAYER, ROW, WEIGHTS, LayerRegister, Register, layer_register, register_map
from hw.lib.axi.lite import AXIL_MEMBERS, AxiLite
from hw.lib.shared import shared

from .conv_layer import ConvLayer
from .layer import FcLayer
from .pe import Pe
from .sequencer import Sequencer
from .timing import step_cycles

__all__ = ["Network"]


def stream_bits(width: int) -> int:
    """Width of TDATA for codes of `width` bits: whole bytes."""
    return -(-width // 8) * 8


class Network(wiring.Component):
    """A network of layers that infers and trains, one sample after the other.

    A layer starts as soon as its first input is there. Cycles of a training step (:mod:`.timing`; CYCLES_*):

    Fully connected layers (for convolutions, which come first, see :mod:`.timing`):

    forward: N_0 + .. + N_n and a constant a layer;
    backward: N_n for softmax's exponentials + N_1 + .. + N_n and a constant a layer;
    update: N_0 - N_1 and a constant, if that is positive. It cannot go: after its G, the first PE of layer 1
    needs its one multiplier for N_0 + 1 weights before it can multiply the next sample by them.
    The updates of the other layers overlap with the layers before them (one that has more than half the inputs of all
    layers before it may still make the next sample wait), and the next sample is taken in meanwhile.

    The sample stream has `tuser` = label << 1 | train, constant over a sample, and codes in the format of layer 1,
    sign-extended; `tlast` is not looked at. Results are codes in the format of layer n, sign-extended; for
    softmax they are the logits. Results of two samples wait inside, then the machine stalls.

    Parameters
    ----------
    config : TaxonnConfig

    Members
    -------
    s_axil_* : AXI4-Lite, see :mod:`hw.arch.taxonn.registers`
    s_axis_sample_* : AXI4-Stream of samples, N_0 words each
    m_axis_result_* : AXI4-Stream of results, N_n words each

    Source: TaxoNN, Section IV.
    """

    #: Cycles that the streams add to the forward phase: into the input buffer, and through the result buffer.
    STREAMS = 3

    def __init__(self, *, config: TaxonnConfig):
        self._config = config
        first, last = config.formats[0], config.formats[-1]
        self._layers = [self._layer(i) for i in range(config.depth)]
        self._label = max((config.layers[-1] - 1).bit_length(), 1)
        #: Cycles from the first word of a sample to its last result, if nothing waits.
        self.latency = step_cycles(config)["forward"] + self.STREAMS
        if config.convolutions:
            self.latency += config.layers[0] - 1  # a convolution starts when its input is whole
        super().__init__(
            {f"s_axil_{name}": member for name, member in AXIL_MEMBERS.items()}
            | {
                "s_axis_sample_tdata": In(stream_bits(first.width)),
                "s_axis_sample_tuser": In(1 + self._label),
                "s_axis_sample_tlast": In(1),
                "s_axis_sample_tvalid": In(1),
                "s_axis_sample_tready": Out(1),
                "m_axis_result_tdata": Out(signed(stream_bits(last.width))),
                "m_axis_result_tlast": Out(1),
                "m_axis_result_tvalid": Out(1),
                "m_axis_result_tready": In(1),
            }
        )

    def _layer(self, i: int) -> tuple[type, dict]:
        """Return class and parameters of layer i, from 0."""
        config = self._config
        form, maps = config.formats[i], config.maps[i]
        bits = fraction = None
        if i + 1 < config.depth:
            after, maps_after = config.formats[i + 1], config.maps[i + 1]
            bits = Pe.acc_bits(config.layers[i + 1], config.layers[i + 2], after, True)
            if maps_after:
                bits = ConvLayer.sums_bits(maps_after, after)
            fraction = 2 * after.fraction + (maps_after.spread if maps_after else 0)
        parameters = {
            "classes": config.layers[-1],
            "form": form,
            "kind": config.activations[i],
            "source": config.formats[i - 1] if i else None,
            "error_bits": bits,
            "error_fraction": fraction,
            "rounding": config.rounding,
            "conversion": config.conversion,
        }
        if maps:
            return ConvLayer, {"maps": maps, **parameters}
        return FcLayer, {"inputs": config.layers[i], "outputs": config.layers[i + 1], **parameters}

    def elaborate(self, platform):
        m = Module()
        layers = []
        for i, (cls, parameters) in enumerate(self._layers):
            m.submodules[f"layer_{i}"] = layer = shared(f"layer_{i}", cls, **parameters)
            layers.append(layer)
        first = layers[0]
        m.d.comb += [
            first.i_valid.eq(self.s_axis_sample_tvalid),
            first.i.eq(self.s_axis_sample_tdata),
            first.i_tag.train.eq(self.s_axis_sample_tuser[0]),
            first.i_tag.label.eq(self.s_axis_sample_tuser[1:]),
            self.s_axis_sample_tready.eq(first.i_ready),
        ]
        for before, after in pairwise(layers):
            m.d.comb += [
                after.i_valid.eq(before.o_valid),
                after.i.eq(before.o),
                after.i_tag.eq(before.o_tag),
                before.credit.eq(after.free),
                before.error_valid.eq(after.sums_valid),
                before.error.eq(after.sums),
            ]
        self._results(m, layers[-1])
        self._registers(m, layers)
        return m

    def _results(self, m, layer):
        """Keep the results of two samples until they are taken."""
        size, width = self._config.layers[-1], len(layer.o)
        m.submodules.results = results = SyncFIFOBuffered(width=width + 1, depth=Sequencer.CREDITS * size + 1)
        count = Signal(range(max(size, 2)))
        last = count == size - 1
        with m.If(layer.o_valid):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
        m.d.comb += [
            results.w_en.eq(layer.o_valid),
            results.w_data.eq(Cat(layer.o, last)),
            self.m_axis_result_tvalid.eq(results.r_rdy),
            self.m_axis_result_tdata.eq(results.r_data[:width].as_signed()),
            self.m_axis_result_tlast.eq(results.r_data[width]),
            results.r_en.eq(self.m_axis_result_tready),
            layer.credit.eq(results.r_rdy & self.m_axis_result_tready & self.m_axis_result_tlast),
        ]

    def _registers(self, m, layers):
        """Answer the AXI4-Lite port."""
        m.submodules.axil = axil = shared("axil", AxiLite)
        for name, member in AXIL_MEMBERS.items():
            port, inner = getattr(self, f"s_axil_{name}"), getattr(axil, f"s_axil_{name}")
            m.d.comb += inner.eq(port) if member.flow is In else port.eq(inner)
        busy, restart = Signal(), Signal(range(2 * NOISE_ROUNDS))
        m.d.comb += busy.eq(~Cat(layer.idle for layer in layers).all())
        m.d.sync += restart.eq(Mux(restart == 0, 0, restart - 1))
        for layer in layers:
            m.d.comb += layer.restart.eq(restart != 0)
        values = {Register.STATUS: busy, **self._counters(m, layers, restart != 0)}
        for i, layer in enumerate(layers):
            values |= {layer_register(i, register): part for register, part in self._settings(m, i, layer).items()}

        address, weights = axil.address, axil.address[WEIGHTS]
        refused = {Access.READ: axil.write, Access.WRITE: ~axil.write, Access.READ_WRITE: 0}
        with m.If(axil.access & ~weights):
            m.d.comb += [axil.done.eq(1), axil.error.eq(1)]
            with m.Switch(address):
                # Those that are read come first, then those that are written, then those for both.
                entries = register_map(self._config).entries
                for entry in sorted(entries, key=lambda entry: [*Access].index(entry.register.access)):
                    access = entry.register.access
                    with m.Case(entry.address):
                        if access.reads:
                            m.d.comb += axil.answer.eq(values[entry.address])
                        m.d.comb += axil.error.eq(refused[access])
                        if access == Access.WRITE:
                            with m.If(axil.write):
                                m.d.sync += restart.eq(2 * NOISE_ROUNDS - 1)
                        if access == Access.READ_WRITE:
                            # A word of more bits than the register has is refused, and the register stays.
                            beyond = axil.data[len(values[entry.address]) :].any()
                            m.d.comb += axil.error.eq(axil.write & beyond)
                            with m.If(axil.write & ~beyond):
                                m.d.sync += values[entry.address].eq(axil.data)
        with m.If(axil.access & weights):
            self._weights(m, layers, axil, busy)

    def _counters(self, m, layers, clear):
        """Count training steps and their cycles by phase."""
        names = [Register.STEPS, Register.CYCLES_FORWARD, Register.CYCLES_BACKWARD, Register.CYCLES_UPDATE]
        counts = {register: Signal(32, name=register.name.lower()) for register in names}
        phase = Signal(2)  # 0 between samples, then forward, backward, update
        with m.Switch(phase):
            for number, register in enumerate(names[1:], 1):
                with m.Case(number):
                    m.d.sync += counts[register].eq(counts[register] + 1)
        with m.If(layers[0].started):
            m.d.sync += phase.eq(1)
        with m.If(layers[-1].output_last):
            m.d.sync += phase.eq(2)
        with m.If(layers[0].gradient_last & (phase == 2)):
            m.d.sync += phase.eq(3)
        with m.If(layers[0].updated):
            m.d.sync += [phase.eq(0), counts[Register.STEPS].eq(counts[Register.STEPS] + 1)]
        with m.If(clear):
            m.d.sync += [count.eq(0) for count in counts.values()]
        return counts

    def _settings(self, m, i, layer):
        """Make the registers that the host sets for layer i, and return them."""
        rate, key = Signal(len(layer.rate) - 1, name=f"rate_{i}"), Signal(64, name=f"key_{i}")
        m.d.sync += layer.rate.eq(-rate)
        m.d.comb += layer.key.eq(key)
        return {LayerRegister.RATE: rate, LayerRegister.KEY_LOW: key[:32], LayerRegister.KEY_HIGH: key[32:]}

    def _weights(self, m, layers, axil, busy):
        """Pass an access to the layer of its address."""
        column, row = axil.address[COLUMN:ROW], axil.address[ROW:LAYER]
        m.d.comb += [axil.done.eq(1), axil.error.eq(1)]
        with m.Switch(axil.address[LAYER:WEIGHTS]):
            for i, layer in enumerate(layers):
                columns, rows = self._config.words[i], self._config.pes[i]
                fits, waiting = (column < columns) & (row < rows), Signal(name=f"waiting_{i}")
                with m.Case(i), m.If(fits & (waiting | ~busy)):
                    m.d.comb += [
                        layer.request.eq(1),
                        axil.done.eq(layer.acknowledge),
                        axil.error.eq(0),
                        axil.answer.eq(layer.answer),
                    ]
                    m.d.sync += waiting.eq(~layer.acknowledge)
        for layer in layers:
            m.d.comb += [layer.read.eq(~axil.write), layer.row.eq(row), layer.column.eq(column)]
            m.d.comb += layer.value.eq(axil.data)
