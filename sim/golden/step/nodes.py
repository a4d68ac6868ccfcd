"""The nodes of a network in integers: forward, backward and update of each kind (numerics.md Sections 5 to 9).

`forward` takes the PINT8 outputs of the sources and returns the output; `backward` takes the error at the output and
returns :class:`Errors`. What backward and update need is kept in the node from call to call.
"""

from dataclasses import dataclass

import numpy as np

from gen.model.network import Conv, Fc, Network, Pool, PoolKind
from hw.arch.scalars import Factor, reciprocal
from hw.arch.tensors import TensorClass
from sim.golden import conv
from sim.golden.shifts import rsh, saturate, shift_left
from sim.golden.tensor import Tensor

from . import frn, pool, tlu
from .scales import Scales
from .update import PARAMETER_EXPONENT, Parameter, Weights

__all__ = ["ConvNode", "Errors", "FcNode", "PoolNode"]

#: Bits of the delayed scale inside FRN backward, and of the value.
_DY_NEED, _DY_BITS = 20, 25


@dataclass
class Errors:
    """Errors that a node gives back: a wide one, or in PINT8, to its source, and E_b to the node that it adds."""

    wide: Tensor | None = None
    narrow: Tensor | None = None
    added: Tensor | None = None


class _KeyNode:
    """What CONV and FC share.

    Attributes
    ----------
    weights : Weights
    parameters : dict of Parameter, by name
    gradient : Tensor or None
        Of the weights, in PINT8, until the update.
    gained : dict of (gradient [channel], exponent), by name of the parameter
    """

    def __init__(self, number: int, network: Network, scales: Scales, weights: Weights, acc_bits: int):
        self.number, self.scales, self.weights, self.acc_bits = number, scales, weights, acc_bits
        self.layer = network.layer(number)
        self.parameters: dict[str, Parameter] = {}
        self.gradient: Tensor | None = None
        self.gained: dict[str, tuple[np.ndarray, int]] = {}
        self._x: Tensor

    def _sum(self, x: Tensor) -> Tensor:
        self._x = x
        layer, w = self.layer, self.weights.w8
        return Tensor(conv.forward(x.t, w.t, layer.stride, layer.padding, self.acc_bits), x.e + w.e)

    def _weight_gradient(self, e: Tensor):
        layer = self.layer
        wide = conv.gradient(self._x.t, e.t, layer.kernel, layer.stride, layer.padding, self.acc_bits)
        self.gradient = self.scales.quantise(self.number, TensorClass.G, Tensor(wide, self._x.e + e.e))

    def _input_error(self, e: Tensor) -> Tensor:
        layer, w = self.layer, self.weights.w8
        size = (layer.height, layer.width)
        return Tensor(conv.backward(e.t, w.t, size, layer.stride, layer.padding, self.acc_bits), e.e + w.e)

    def update(self, rate: Factor, decay: Factor | None) -> None:
        """Update what the last backward gave gradients for, and forget them."""
        if self.gradient is not None:
            self.weights.update(self.gradient, rate, decay)
            for name, (gradient, e) in self.gained.items():
                self.parameters[name].update(gradient, e, rate)
        self.gradient, self.gained = None, {}


class ConvNode(_KeyNode):
    """CONV, L1-FRN, residual add and TLU; without TLU the 1x1 shortcut."""

    def __init__(self, number: int, network: Network, scales: Scales, weights: Weights, acc_bits: int):
        super().__init__(number, network, scales, weights, acc_bits)
        node = network.nodes[number]
        assert isinstance(node, Conv)
        self.node, channels = node, node.channels
        names = {"gamma": 1 << -PARAMETER_EXPONENT, "beta": 0} | ({"tau": 0} if node.tlu else {})
        self.parameters = {name: Parameter.constant(value, channels) for name, value in names.items()}

    def forward(self, x: Tensor, added: Tensor | None = None) -> Tensor:
        """Return the activation in PINT8."""
        wide = self._sum(x)
        x_hat, self.norm = frn.normalise(wide.t)
        xq = self.scales.convert(self.number, TensorClass.XQ, Tensor(x_hat, -12), frn.XQ_EXPONENT)
        self.xq, self._ex = xq.t, int(wide.e)
        y = frn.affine(x_hat, self.parameters["gamma"].value, self.parameters["beta"].value, added)
        if self.node.tlu:
            y, self.passed = tlu.forward(y, self.parameters["tau"].value)
        return self.scales.quantise(self.number, TensorClass.A, Tensor(y, PARAMETER_EXPONENT))

    def backward(self, dz: Tensor, to_source: bool, to_added: bool) -> Errors:
        """Note the gradients; return the errors that are asked for."""
        errors, dy = Errors(), dz
        if self.node.tlu:
            passed, dtau = tlu.backward(dz.t, self.passed)
            self.gained["tau"] = (dtau, int(dz.e))
            dy = Tensor(passed, dz.e)
        if self.node.add is not None:
            dy = self.scales.quantise(self.number, TensorClass.BLOCK, dy)
            errors.added = dy if to_added else None
        e = self._sum_error(dy)
        self._weight_gradient(e)
        if to_source:
            wide = self._input_error(e)
            if self.node.tlu:
                errors.wide = wide
            else:
                errors.narrow = self.scales.quantise(self.number, TensorClass.SHORTCUT, wide)
        return errors

    def _sum_error(self, dy: Tensor) -> Tensor:
        """FRN backward: the error at the sum."""
        ed = self.scales.exponent(self.number, TensorClass.DY)
        dd = saturate(rsh(dy.t, ed - int(dy.e)), _DY_BITS)
        self.scales.measure(self.number, TensorClass.DY, dy, _DY_NEED)
        gamma = self.parameters["gamma"].value
        dx, dgamma, dbeta = frn.backward(dd, self.xq, gamma, self.norm, self._ex, ed)
        self.gained |= {"gamma": (dgamma, ed + frn.XQ_EXPONENT), "beta": (dbeta, ed)}
        return self.scales.quantise(self.number, TensorClass.E, dx)


class FcNode(_KeyNode):
    """FC with bias; the last one gives the logits, a hidden one has a TLU."""

    def __init__(self, number: int, network: Network, scales: Scales, weights: Weights, acc_bits: int):
        super().__init__(number, network, scales, weights, acc_bits)
        node = network.nodes[number]
        assert isinstance(node, Fc)
        self.hidden = node.tlu
        names = ("bias", "tau") if node.tlu else ("bias",)
        self.parameters = {name: Parameter.constant(0, node.outputs) for name in names}

    def forward(self, x: Tensor) -> Tensor:
        """Return the wide logits [n][class], or the activation of a hidden FC in PINT8."""
        self._shape = x.t.shape
        wide = self._sum(Tensor(x.t.reshape(len(x.t), -1, 1, 1), x.e))
        e = int(wide.e)
        total = wide.t + rsh(self.parameters["bias"].value, e - PARAMETER_EXPONENT)[:, None, None]
        if not self.hidden:
            return Tensor(total[:, :, 0, 0], e)
        y = saturate(rsh(total, PARAMETER_EXPONENT - e), 48)
        z, self.passed = tlu.forward(y, self.parameters["tau"].value)
        return self.scales.quantise(self.number, TensorClass.A, Tensor(z, PARAMETER_EXPONENT))

    def backward(self, dz: Tensor, to_source: bool, to_added: bool = False) -> Errors:
        """Note the gradients; `dz` of the last FC is the loss error [n][class], wide."""
        if self.hidden:
            dy, dtau = tlu.backward(dz.t, self.passed)
            self.gained["tau"] = (dtau, int(dz.e))
            e = self.scales.quantise(self.number, TensorClass.E, Tensor(dy, dz.e))
        else:
            e = self.scales.loss_error(self.number, Tensor(dz.t[:, :, None, None], dz.e))
        self.gained["bias"] = (e.t.sum(axis=(0, 2, 3)), int(e.e))
        self._weight_gradient(e)
        if not to_source:
            return Errors()
        wide = self._input_error(e)
        return Errors(wide=Tensor(wide.t.reshape(self._shape), wide.e))


class PoolNode:
    """A pool. The maximum keeps codes and exponent; a mean is converted."""

    def __init__(self, number: int, network: Network, scales: Scales):
        node = network.nodes[number]
        assert isinstance(node, Pool)
        self.number, self.node, self.scales = number, node, scales
        self._size = network.shapes[node.source][1:]
        whole = node.kind == PoolKind.GLOBAL
        self._kernel = self._size if whole else (node.kernel, node.kernel)
        self._stride = 1 if whole else node.stride

    def forward(self, x: Tensor) -> Tensor:
        """Return the output in PINT8."""
        node = self.node
        if node.kind == PoolKind.MAX:
            best, self._index = pool.maximum(x.t, node.kernel, node.stride, node.padding)
            return Tensor(best, x.e)
        _, shift = reciprocal(self._kernel[0] * self._kernel[1])
        wide = Tensor(pool.average(x.t, self._kernel, self._stride), x.e - shift)
        return self.scales.quantise(self.number, TensorClass.A, wide)

    def backward(self, dz: Tensor, to_source: bool, to_added: bool = False) -> Errors:
        """Return the wide error of the input, from the error at the output stored in PINT8."""
        e = self.scales.quantise(self.number, TensorClass.E, dz)
        if not to_source:
            return Errors()
        if self.node.kind == PoolKind.MAX:
            node = self.node
            args = (self._index, self._size, node.kernel, node.stride, node.padding)
            return Errors(wide=Tensor(pool.maximum_backward(e.t, *args), e.e))
        _, shift = reciprocal(self._kernel[0] * self._kernel[1])
        return Errors(wide=Tensor(pool.average_backward(e.t, self._size, self._kernel, self._stride), e.e - shift))


def total(wide: Tensor, narrow: list[Tensor]) -> Tensor:
    """Sum of the branches, acc + rsh(t, -min(e_t - e_acc, 30)) for each error in PINT8."""
    t = wide.t
    for each in narrow:
        shift = min(int(each.e) - int(wide.e), 30)
        t = t + (shift_left(each.t, shift) if shift >= 0 else rsh(each.t, -shift))
    return Tensor(t, wide.e)
