"""The float32 baseline: the same network, start, data and update as the golden integers, in floating point."""

import hashlib

import numpy as np

from gen.model.layer import Phase
from gen.model.network import Conv, Fc, Network, Pool, PoolKind
from sim.golden.step import pool
from sim.golden.step.initial import initial_weights
from sim.golden.step.update import WEIGHT_EXPONENT

from .cnn import floats

__all__ = ["FloatNetwork"]

_EPSILON = 1e-6
_MOMENTUM = 0.9


class FloatNetwork:
    """A network that trains in float32.

    Parameters
    ----------
    network : Network
    seed : int
        Seed of the initial weights: those of the golden integers.
    weight_exponent : int
        Exponent at which those are integers.

    Attributes
    ----------
    values, gradients : dict of float32 arrays, by "node.name"
    """

    def __init__(self, network: Network, seed: int, weight_exponent: int = WEIGHT_EXPONENT):
        self.network = network
        self.values: dict[str, np.ndarray] = {}
        for number in network.key_nodes:
            node, shape = network.key_node(number), network.layer(number).w_shape
            start = np.ldexp(initial_weights(seed, number, shape, weight_exponent), weight_exponent)
            self.values[f"{number}.w"] = start.astype(np.float32)
            names = {"gamma": 1, "beta": 0} if isinstance(node, Conv) else {"bias": 0}
            names |= {"tau": 0} if node.tlu else {}
            for name, value in names.items():
                self.values[f"{number}.{name}"] = np.full(shape[0], value, np.float32)
        self.velocities = {name: np.zeros_like(value) for name, value in self.values.items()}
        self.gradients: dict[str, np.ndarray] = {}
        self._kept: dict[int, tuple] = {}

    def logits(self, pixels) -> np.ndarray:
        """Logits [n][class] of images of 8-bit pixels NCHW."""
        outputs = [((np.asarray(pixels, np.float32) - 128) / 64).astype(np.float32)]
        for number, node in enumerate(self.network.nodes[1:], 1):
            inputs = [outputs[source] for source in self.network.sources(number)]
            if isinstance(node, Pool):
                outputs.append(self._pool(number, node, inputs[0]))
            elif isinstance(node, Conv):
                outputs.append(self._conv(number, node, *inputs))
            elif isinstance(node, Fc):
                outputs.append(self._fc(number, node, inputs[0]))
        return outputs[-1][:, :, 0, 0]

    def backward(self, p: np.ndarray, labels) -> None:
        """Gradients of the cross-entropy summed over the batch, after :meth:`logits`, from its probabilities."""
        error = p.copy()
        error[np.arange(len(labels)), labels] -= 1
        errors: list = [0] * len(self.network.nodes)
        errors[-1] = error[:, :, None, None].astype(np.float32)
        for number in range(len(self.network.nodes) - 1, 0, -1):
            node, sources = self.network.nodes[number], self.network.sources(number)
            if isinstance(node, Pool):
                back = self._pool_backward(number, node, errors[number])
            else:
                key = self.network.key_node(number)
                dy = self._tlu_backward(number, key, errors[number])
                if len(sources) == 2:
                    errors[sources[1]] = errors[sources[1]] + dy
                back = self._key_backward(number, key, dy, sources[0] != 0)
            errors[sources[0]] = errors[sources[0]] + back

    def update(self, rate: float, decay: float = 0.0) -> None:
        """v = 0.9 v + g + decay * w, p = p - rate * v; rate over, decay times the batch size, decay for w only."""
        for name, gradient in self.gradients.items():
            value = self.values[name]
            if decay and name.endswith(".w"):
                gradient = gradient + np.float32(decay) * value
            self.velocities[name] = np.float32(_MOMENTUM) * self.velocities[name] + gradient
            self.values[name] = value - np.float32(rate) * self.velocities[name]

    def _tlu(self, number: int, y: np.ndarray) -> np.ndarray:
        tau = self.values[f"{number}.tau"][:, None, None]
        self._kept[number] += (y >= tau,)
        return np.maximum(y, tau)

    def _tlu_backward(self, number: int, node: Conv | Fc, dz: np.ndarray) -> np.ndarray:
        if not node.tlu:
            return dz
        passed = self._kept[number][-1]
        self.gradients[f"{number}.tau"] = np.where(passed, 0, dz).sum(axis=(0, 2, 3))
        return np.where(passed, dz, 0)

    def _conv(self, number: int, node: Conv, x, added=None) -> np.ndarray:
        y = floats(self.network.layer(number, len(x)), Phase.FP, x=x, w=self.values[f"{number}.w"])
        nu = np.abs(y).mean(axis=(2, 3), keepdims=True) + np.float32(_EPSILON)
        x_hat = y / nu
        self._kept[number] = (x, x_hat, nu)
        y = x_hat * self.values[f"{number}.gamma"][:, None, None] + self.values[f"{number}.beta"][:, None, None]
        y = y if added is None else y + added
        return self._tlu(number, y) if node.tlu else y

    def _fc(self, number: int, node: Fc, x) -> np.ndarray:
        flat = x.reshape(len(x), -1, 1, 1)
        y = floats(self.network.layer(number, len(x)), Phase.FP, x=flat, w=self.values[f"{number}.w"])
        self._kept[number] = (flat, x.shape)
        y = y + self.values[f"{number}.bias"][:, None, None]
        return self._tlu(number, y) if node.tlu else y

    def _key_backward(self, number: int, node: Conv | Fc, dy: np.ndarray, to_source: bool):
        """Error of the input, 0 if nobody needs it."""
        x, layer = self._kept[number][0], self.network.layer(number, len(dy))
        e = dy
        if isinstance(node, Conv):
            _, x_hat, nu = self._kept[number][:3]
            dgn = (dy * x_hat).sum(axis=(2, 3), keepdims=True)
            gamma = self.values[f"{number}.gamma"][:, None, None]
            e = gamma / nu * (dy - np.sign(x_hat) * dgn / np.float32(dy.shape[2] * dy.shape[3]))
            self.gradients[f"{number}.gamma"] = dgn.sum(axis=(0, 2, 3))
            self.gradients[f"{number}.beta"] = dy.sum(axis=(0, 2, 3))
        else:
            self.gradients[f"{number}.bias"] = dy.sum(axis=(0, 2, 3))
        self.gradients[f"{number}.w"] = floats(layer, Phase.WG, x=x, e=e)
        if not to_source:
            return 0
        back = floats(layer, Phase.BP, w=self.values[f"{number}.w"], e=e)
        return back if isinstance(node, Conv) else back.reshape(self._kept[number][1])

    def _geometry(self, node: Pool):
        size = self.network.shapes[node.source][1:]
        return (size, size, 1) if node.kind == PoolKind.GLOBAL else (size, (node.kernel, node.kernel), node.stride)

    def _pool(self, number: int, node: Pool, x) -> np.ndarray:
        if node.kind == PoolKind.MAX:
            best, index = pool.maximum(x, node.kernel, node.stride, node.padding)
            self._kept[number] = (index,)
            return best
        _, kernel, stride = self._geometry(node)
        return pool.sums(x, kernel, stride) / np.float32(kernel[0] * kernel[1])

    def _pool_backward(self, number: int, node: Pool, e) -> np.ndarray:
        size, kernel, stride = self._geometry(node)
        if node.kind == PoolKind.MAX:
            return pool.maximum_backward(e, self._kept[number][0], size, node.kernel, stride, node.padding)
        return pool.spread(e, size, kernel, stride) / np.float32(kernel[0] * kernel[1])

    def digest(self) -> str:
        """SHA-256 of all parameters in the order of the nodes, little endian."""
        return hashlib.sha256(b"".join(each.astype("<f4").tobytes() for each in self.values.values())).hexdigest()

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on, by name."""
        return self.values | {f"{name}.velocity": each for name, each in self.velocities.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue from what :meth:`state` gave."""
        self.velocities = {name: state[f"{name}.velocity"] for name in self.values}
        self.values = {name: state[name] for name in self.values}
