"""What a layer has once: rounding, activation unit, derivatives, and the global multiplier."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.taxonn.config import NOISE_BITS, Activation, FixedFormat
from hw.lib.memory.scratchpad import Scratchpad
from hw.lib.shared import shared

from .activation import ActivationUnit
from .loss import LossUnit
from .multiplier import GlobalMultiplier
from .rescale import Rescale

__all__ = ["OutputStage"]


class OutputStage(wiring.Component):
    """y = f(round(z)) on the way forward, G = round(error) f' on the way back, in one order.

    The last layer has a loss unit, which makes G of the outputs and the label, in place of errors.

    Latency: sum to y :meth:`ratio_latency` + 1 and that of the activation unit; error to G `BACKWARD_LATENCY` = 3
    cycles; one value a cycle, but never an error while sums of the same sample come.

    Parameters
    ----------
    size : int
        Outputs of the layer.
    kind : Activation
    form : FixedFormat
    bits : int
        Of the sums, which have 2 F fraction bits.
    error_bits, error_fraction : int or None
        Width and fraction bits of the errors; None for the last layer.
    stochastic : bool
        Rounding of the errors, with the member `noise`.
    mean : tuple of int
        (r, n): z is the sum times r / 2^n, for averages.
    slope : int, optional
        f' is multiplied by slope / 2^F before it is kept; None for 1.

    Members
    -------
    i_valid : In(1), i : In(signed(bits)), o_valid : Out(1), o : Out(signed)
    error_valid : In(1), error : In(signed(error_bits)), noise : In(8)
    train : In(1), label : In(range(size)), begun : Out(1)
        Of the loss unit, :class:`.loss.LossUnit`.
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
        error_bits: int | None,
        error_fraction: int | None,
        stochastic: bool,
        mean: tuple[int, int] = (1, 0),
        slope: int | None = None,
    ):
        self._size, self._kind, self._form = size, kind, form
        self._hidden, self._stochastic = error_bits is not None, stochastic and error_bits is not None
        self._error, self._mean, self._slope = {"bits": error_bits, "fraction": error_fraction}, mean, slope
        code, index = signed(form.width), range(max(size, 2))
        ins = {"i_valid": 1, "i": signed(bits)}
        ins |= {"error_valid": 1, "error": signed(error_bits)} if self._hidden else {"train": 1, "label": index}
        ins |= {"noise": NOISE_BITS} if self._stochastic else {}
        outs = {"o_valid": 1, "o": code, "gradient_valid": 1, "gradient": code, "index": index}
        outs |= {} if self._hidden else {"begun": 1}
        super().__init__({n: In(shape) for n, shape in ins.items()} | {n: Out(shape) for n, shape in outs.items()})

    @staticmethod
    def ratio_latency(mean: tuple[int, int]) -> int:
        """Return the cycles that the product with r takes: 1, or 0 where r is 1."""
        return int(mean[0] != 1)

    def elaborate(self, platform):
        m = Module()
        form, code = self._form, signed(self._form.width)
        valid, total = self._scaled(m)
        bits = {"bits": len(total), "fraction": 2 * form.fraction + self._mean[1]}
        m.submodules.rounding = rounding = shared("rounding", Rescale, **bits, form=form, stochastic=False)
        m.submodules.activation = unit = shared("activation", ActivationUnit, kind=self._kind, form=form)
        m.submodules.multiplier = multiplier = shared("multiplier", GlobalMultiplier, form=form)
        m.submodules.derivatives = derivatives = shared("derivatives", Scratchpad, depth=self._size, shape=code)
        slope = multiplier.o
        if self._slope not in (None, form.one):
            slope = multiplier.o * self._slope + (form.one >> 1) >> form.fraction
        m.d.comb += [
            rounding.i_valid.eq(valid),
            rounding.i.eq(total),
            unit.i_valid.eq(rounding.o_valid),
            unit.z.eq(rounding.o),
            self.o_valid.eq(unit.o_valid),
            self.o.eq(unit.y),
            derivatives.write.eq(multiplier.derivative_valid),
            derivatives.write_address.eq(self._count(m, "derived", multiplier.derivative_valid)),
            derivatives.write_data.eq(slope),
            multiplier.derive.eq(unit.o_valid),
            multiplier.a.eq(unit.a),
            multiplier.b.eq(unit.b),
            multiplier.addend.eq(unit.addend),
            self.gradient_valid.eq(multiplier.gradient_valid),
            self.gradient.eq(multiplier.o),
            self.index.eq(self._count(m, "graded", multiplier.gradient_valid)),
        ]
        (self._errors if self._hidden else self._loss)(m, multiplier, derivatives)
        return m

    def _scaled(self, m):
        """Return the sum times r, and its valid."""
        ratio = self._mean[0]
        if ratio == 1:
            return self.i_valid, self.i
        valid, total = Signal(), Signal(signed(len(self.i) + ratio.bit_length()), reset_less=True)
        m.d.sync += [valid.eq(self.i_valid), total.eq(self.i * ratio)]
        return valid, total

    def _errors(self, m, multiplier, derivatives):
        """Bring the errors of the next layer to the multiplier."""
        m.submodules.error = error = shared(
            "error_convert", Rescale, **self._error, form=self._form, stochastic=self._stochastic
        )
        m.d.comb += [
            error.i_valid.eq(self.error_valid),
            error.i.eq(self.error),
            derivatives.read_address.eq(self._count(m, "place", self.error_valid)),
            multiplier.grade.eq(error.o_valid),
        ]
        if self._stochastic:
            m.d.comb += error.noise.eq(self.noise)
        with m.If(error.o_valid):
            m.d.comb += [multiplier.a.eq(error.o), multiplier.b.eq(derivatives.read_data), multiplier.addend.eq(0)]

    def _loss(self, m, multiplier, derivatives):
        """Bring what the loss unit makes of the outputs to the multiplier."""
        m.submodules.loss = loss = shared("loss", LossUnit, size=self._size, kind=self._kind, form=self._form)
        m.d.comb += [
            loss.i_valid.eq(self.o_valid),
            loss.y.eq(self.o),
            loss.train.eq(self.train),
            loss.label.eq(self.label),
            derivatives.read_address.eq(loss.index),
            loss.derivative.eq(derivatives.read_data),
            self.begun.eq(loss.begun),
            multiplier.grade.eq(loss.o_valid),
        ]
        with m.If(loss.o_valid):
            m.d.comb += [getattr(multiplier, name).eq(getattr(loss, name)) for name in ("a", "b", "addend", "wide")]

    def _count(self, m, name, valid):
        """Return the number of the neuron that a sequence of valid cycles has come to."""
        count = Signal(range(max(self._size, 2)), name=name)
        with m.If(valid):
            m.d.sync += count.eq(Mux(count == self._size - 1, 0, count + 1))
        return count
