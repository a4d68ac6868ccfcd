"""What a hidden layer has once: rounding, activation unit, derivatives, and the global multiplier."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.shared import shared
from hw.spec.taxonn import NOISE_BITS, Activation, FixedFormat

from .activation import ActivationUnit
from .multiplier import GlobalMultiplier
from .rescale import Rescale
from .scratchpad import Scratchpad

__all__ = ["OutputStage"]


class OutputStage(wiring.Component):
    """y = f(round(z)) on the way forward, G = round(error) f' on the way back, in one order.

    Latency: sum to y `forward_latency` = 1 and that of the activation unit; error to G `BACKWARD_LATENCY` = 3 cycles;
    one value a cycle, but never an error while sums of the same sample come.

    Parameters
    ----------
    size : int
        Outputs of the layer.
    kind : Activation
    form : FixedFormat
    bits : int
        Of the sums, which have 2 F fraction bits.
    error_bits, error_fraction : int
        Width and fraction bits of the errors.
    stochastic : bool
        Rounding of the errors, with the member `noise`.

    Members
    -------
    i_valid : In(1), i : In(signed(bits)), o_valid : Out(1), o : Out(signed)
    error_valid : In(1), error : In(signed(error_bits)), noise : In(8)
    gradient_valid : Out(1), gradient : Out(signed), index : Out(range(size))
        G and its number.

    Source: TaxoNN, Section IV-C, Activation Function, Global Multiplier.
    """

    BACKWARD_LATENCY = Rescale.LATENCY + GlobalMultiplier.LATENCY

    def __init__(
        self,
        *,
        size: int,
        kind: Activation,
        form: FixedFormat,
        bits: int,
        error_bits: int,
        error_fraction: int,
        stochastic: bool,
    ):
        self._size, self._kind, self._form, self._stochastic = size, kind, form, stochastic
        self._error = {"bits": error_bits, "fraction": error_fraction}
        code, index = signed(form.width), range(max(size, 2))
        self.forward_latency = Rescale.LATENCY + ActivationUnit.latency_of(kind)
        ins = {"i_valid": 1, "i": signed(bits), "error_valid": 1, "error": signed(error_bits)}
        ins |= {"noise": NOISE_BITS} if stochastic else {}
        outs = {"o_valid": 1, "o": code, "gradient_valid": 1, "gradient": code, "index": index}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    def elaborate(self, platform):
        m = Module()
        form, code = self._form, signed(self._form.width)
        bits = {"bits": len(self.i), "fraction": 2 * form.fraction}
        m.submodules.rounding = rounding = shared("rounding", Rescale, **bits, form=form, stochastic=False)
        m.submodules.activation = unit = shared("activation", ActivationUnit, kind=self._kind, form=form)
        m.submodules.multiplier = multiplier = shared("multiplier", GlobalMultiplier, form=form)
        m.submodules.error = error = shared(
            "error_convert", Rescale, **self._error, form=form, stochastic=self._stochastic
        )
        m.submodules.derivatives = derivatives = shared("derivatives", Scratchpad, depth=self._size, shape=code)
        m.d.comb += [
            rounding.i_valid.eq(self.i_valid),
            rounding.i.eq(self.i),
            unit.i_valid.eq(rounding.o_valid),
            unit.z.eq(rounding.o),
            self.o_valid.eq(unit.o_valid),
            self.o.eq(unit.y),
            derivatives.write.eq(multiplier.derivative_valid),
            derivatives.write_address.eq(self._count(m, "derived", multiplier.derivative_valid)),
            derivatives.write_data.eq(multiplier.o),
            error.i_valid.eq(self.error_valid),
            error.i.eq(self.error),
            derivatives.read_address.eq(self._count(m, "place", self.error_valid)),
            multiplier.derive.eq(unit.o_valid),
            multiplier.grade.eq(error.o_valid),
            multiplier.a.eq(Mux(error.o_valid, error.o, unit.a)),
            multiplier.b.eq(Mux(error.o_valid, derivatives.read_data, unit.b)),
            multiplier.addend.eq(Mux(error.o_valid, 0, unit.addend)),
            self.gradient_valid.eq(multiplier.gradient_valid),
            self.gradient.eq(multiplier.o),
            self.index.eq(self._count(m, "graded", multiplier.gradient_valid)),
        ]
        if self._stochastic:
            m.d.comb += error.noise.eq(self.noise)
        return m

    def _count(self, m, name, valid):
        """Return the number of the neuron that a sequence of valid cycles has come to."""
        count = Signal(range(max(self._size, 2)), name=name)
        with m.If(valid):
            m.d.sync += count.eq(Mux(count == self._size - 1, 0, count + 1))
        return count
