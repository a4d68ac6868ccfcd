"""A whole training step in integers, from the image to the updated weight (numerics.md)."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from gen.model.network import Conv, Fc, Network, Pool, PoolKind
from hw.arch.scalars import Factor
from hw.arch.tensors import START, START_AFTER_FC, TensorClass
from sim.golden.tensor import Tensor

from . import loss
from .initial import images, initial_weights
from .nodes import ConvNode, Errors, FcNode, PoolNode, total
from .scales import Scales
from .schedule import Backpropagation
from .update import WEIGHT_EXPONENT, Storage, Weights

__all__ = ["GoldenNetwork"]


@dataclass
class _Arriving:
    """Errors that have reached a node's output."""

    wide: list[Tensor] = field(default_factory=list)
    narrow: list[Tensor] = field(default_factory=list)

    def total(self) -> Tensor | None:
        """Their sum; the first one in PINT8 takes the place of a missing wide one."""
        errors = self.wide + self.narrow
        return total(errors[0], errors[1:]) if errors else None


class GoldenNetwork:
    """A network that trains with nothing but integers.

    Parameters
    ----------
    network : Network
    seed : int
        Seed of initial weights and rounding noise, 64 bits.
    storage : Storage
        How weights and velocities are kept.
    schedule : Backpropagation, optional
        Which layers get which error; backpropagation by default.
    acc_bits : int
        Width of the sums of CONV and FC.
    weight_exponent : int
        Exponent of weights in INT16.

    Attributes
    ----------
    nodes : dict of ConvNode, FcNode or PoolNode, by number
    scales : Scales
    """

    def __init__(
        self,
        network: Network,
        seed: int,
        storage: Storage = Storage.INT16,
        schedule: Backpropagation | None = None,
        acc_bits: int = 36,
        weight_exponent: int = WEIGHT_EXPONENT,
    ):
        self.network, self.storage, self._exponent = network, Storage(storage), weight_exponent
        self.schedule = schedule or Backpropagation(network)
        self.scales = Scales(seed, len(network.nodes), _start(network))
        self.nodes = {number: self._node(number, seed, acc_bits) for number in range(1, len(network.nodes))}

    def _node(self, number: int, seed: int, acc_bits: int) -> ConvNode | FcNode | PoolNode:
        if isinstance(self.network.nodes[number], Pool):
            return PoolNode(number, self.network, self.scales)
        start = initial_weights(seed, number, self.network.layer(number).w_shape, self._exponent)
        weights = Weights(number, start, self.storage, self.scales, self._exponent)
        kind = ConvNode if isinstance(self.network.nodes[number], Conv) else FcNode
        return kind(number, self.network, self.scales, weights, acc_bits)

    def logits(self, pixels) -> Tensor:
        """Wide logits [n][class] of images of 8-bit pixels NCHW: rounded to nearest, histories at rest."""
        return self._forward(images(pixels))

    def _forward(self, x: Tensor) -> Tensor:
        outputs = [x]
        for number, node in self.nodes.items():
            outputs.append(node.forward(*(outputs[source] for source in self.network.sources(number))))
        return outputs[-1]

    def step(self, pixels, labels, rate: Factor, decay: Factor | None = None) -> np.ndarray:
        """Train on a batch.

        Parameters
        ----------
        pixels : array of int, NCHW, 0 to 255
        labels : array of int
        rate : Factor
            Learning rate over batch size.
        decay : Factor, optional
            Weight decay times batch size.

        Returns
        -------
        The probabilities [n][class] before the update, in units of 2^-16.
        """
        p = self.gradients(pixels, labels)
        self.update(rate, decay)
        return p

    def gradients(self, pixels, labels) -> np.ndarray:
        """The first half of a step: leave the gradients in the nodes and return the probabilities."""
        self.scales.training = True
        p = loss.probabilities(self._forward(images(pixels)))
        self._backward(loss.softmax_error(p, labels))
        return p

    def update(self, rate: Factor, decay: Factor | None = None) -> None:
        """The second half of a step."""
        for number, node in self.nodes.items():
            if not isinstance(node, PoolNode) and self.schedule.trains(number):
                node.update(rate, decay)
        self.scales.training = False
        self.scales.step += 1

    def _backward(self, error: Tensor):
        arriving = [_Arriving() for _ in self.network.nodes]
        arriving[-1].wide.append(error)
        for number in reversed(self.nodes):
            dz = arriving[number].total()
            if dz is None:
                continue
            sources = self.network.sources(number)
            carried = [self.schedule.carries(number, source) for source in sources]
            errors: Errors = self.nodes[number].backward(dz, carried[0], len(sources) == 2 and carried[1])
            if errors.wide is not None:
                arriving[sources[0]].wide.append(errors.wide)
            if errors.narrow is not None:
                arriving[sources[0]].narrow.append(errors.narrow)
            if errors.added is not None:
                arriving[sources[1]].narrow.append(errors.added)

    def parameters(self) -> dict[str, np.ndarray]:
        """Weights, gamma, beta, tau and bias as "node.name", in the order of the nodes."""
        found = {}
        for number, node in self.nodes.items():
            if not isinstance(node, PoolNode):
                found[f"{number}.w"] = node.weights.w.t.astype("<i2")
                found |= {f"{number}.{name}": each.value.astype("<i4") for name, each in node.parameters.items()}
        return found

    def digest(self) -> str:
        """SHA-256 of all parameters in the order of :meth:`parameters`: INT16 weights, INT32 others, little endian."""
        return hashlib.sha256(b"".join(each.tobytes() for each in self.parameters().values())).hexdigest()

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on, by name."""
        scales = self.scales
        found = {
            "step": np.array(scales.step),
            "ref": np.array(scales.ref),
            "histories": np.array([(*key, value) for key, value in sorted(scales.history.items())]),
        }
        for number, node in self.nodes.items():
            if isinstance(node, PoolNode):
                continue
            for name in ("w", "w8", "v"):
                tensor: Tensor = getattr(node.weights, name)
                found |= {f"{number}.{name}": tensor.t, f"{number}.{name}.exponent": np.array(tensor.e)}
            for name, each in node.parameters.items():
                found |= {f"{number}.{name}": each.value, f"{number}.{name}.velocity": each.velocity}
        return found

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from what :meth:`state` gave."""
        scales = self.scales
        scales.step, scales.ref = int(state["step"]), int(state["ref"])
        scales.history = {(layer, TensorClass(kind)): value for layer, kind, value in state["histories"].tolist()}
        for number, node in self.nodes.items():
            if isinstance(node, PoolNode):
                continue
            for name in ("w", "w8", "v"):
                setattr(node.weights, name, Tensor(state[f"{number}.{name}"], int(state[f"{number}.{name}.exponent"])))
            for name, each in node.parameters.items():
                each.value, each.velocity = state[f"{number}.{name}"], state[f"{number}.{name}.velocity"]


def _start(network: Network) -> dict[tuple[int, TensorClass], int]:
    """Histories before the first step, of the tensors that the network has."""
    start: dict[tuple[int, TensorClass], int] = {}
    for number, node in enumerate(network.nodes[1:], 1):
        last = number == len(network.nodes) - 1
        kinds = [] if last or (isinstance(node, Pool) and node.kind == PoolKind.MAX) else [TensorClass.A]
        kinds += [] if last else [TensorClass.E]
        if not isinstance(node, Pool):
            kinds += [TensorClass.G, TensorClass.V]
        if isinstance(node, Conv):
            kinds += [TensorClass.DY]
            kinds += [TensorClass.BLOCK] if node.add is not None else []
            kinds += [] if node.tlu else [TensorClass.SHORTCUT]
        start |= {(number, kind): START[kind] for kind in kinds}
        users = [network.nodes[user] for user in network.users[number]]
        if isinstance(node, Pool | Fc) and any(isinstance(user, Fc) for user in users):
            start[number, TensorClass.E] = START_AFTER_FC
    return start
