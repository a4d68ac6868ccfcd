"""`python -m bench.vectors`: writes tests/data/step.npz, a whole training step of a layer of each kind.

The file holds the third step of a small network with every kind of node, by name:

- `pixels`, `labels`, `p`: the batch and its probabilities; `seed`, `step`, and `rate` as mantissa and exponent.
- `before.NAME`, `after.NAME`: state of the network around the step, names as of GoldenNetwork.state.
- `N.y`, `N.dz`: what node N gives and gets back; a tensor's exponent has its name and `.exponent`.
- `N.CLASS.wide`, `N.CLASS`: a tensor of a class before and after conversion.
- `N.m`, `N.el`, `N.xq`, `N.passed`: 1/nu, x_hat in PINT8 and TLU bitmap of a conv.
- `N.gained.NAME`: gradient of gamma, beta, tau or bias.
- `scalars`: JSON of all that is a single number, by name.
"""

import json
from pathlib import Path

import numpy as np

from gen.model.network import Conv, Fc, Input, Network, Pool, PoolKind
from hw.arch.scalars import Factor
from sim.golden.noise import noise
from sim.golden.random import tensor_key
from sim.golden.step.nodes import ConvNode, PoolNode
from sim.golden.step.step import GoldenNetwork

__all__ = ["NETWORK", "PATH", "packed", "record"]

PATH = Path(__file__).resolve().parents[1] / "tests" / "data" / "step.npz"
SEED, STEP, BATCH = 0x0123456789ABCDEF, 2, 2
RATE = Factor.nearest(0.01 / BATCH)
NETWORK = Network(
    "one layer of each kind",
    (
        Input(2, 7, 5),
        Conv(0, 3),
        Pool(1, PoolKind.MAX, 3, 1, 1),
        Conv(2, 3),
        Conv(3, 3, add=2),
        Conv(4, 4, stride=2),
        Conv(4, 4, 1, 2, tlu=False),
        Conv(5, 4, add=6),
        Pool(7, PoolKind.AVERAGE, 2, 1),
        Fc(8, 5, tlu=True),
        Fc(9, 4),
    ),
)


def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images and labels of a step."""
    shape = (BATCH, *NETWORK.shapes[0])
    pixels, labels = (noise(each, tensor_key(SEED, step, 0xFFFFFFFF - n)) for n, each in enumerate((shape, (BATCH,))))
    return (pixels & 255).astype(np.uint8), labels % NETWORK.shapes[-1][0]


class _Recorder:
    """Keeps what goes through the nodes and the conversion of a network."""

    def __init__(self, golden: GoldenNetwork):
        self.arrays: dict[str, np.ndarray] = {}
        self._quantise, golden.scales.quantise = golden.scales.quantise, self._keep
        for number, node in golden.nodes.items():
            vars(node)["forward"] = self._forward(number, node.forward)
            vars(node)["backward"] = self._backward(number, node.backward)

    def put(self, name: str, tensor) -> None:
        """Add a tensor and its exponent."""
        self.arrays |= {name: np.array(tensor.t), f"{name}.exponent": np.array(tensor.e)}

    def _keep(self, layer, kind, wide):
        result = self._quantise(layer, kind, wide)
        self.put(f"{layer}.{kind.name}.wide", wide)
        self.put(f"{layer}.{kind.name}", result)
        return result

    def _forward(self, number, forward):
        def run(*sources):
            result = forward(*sources)
            self.put(f"{number}.y", result)
            return result

        return run

    def _backward(self, number, backward):
        def run(dz, *to):
            self.put(f"{number}.dz", dz)
            return backward(dz, *to)

        return run


def record() -> dict[str, np.ndarray]:
    """The arrays of the file."""
    golden = GoldenNetwork(NETWORK, SEED)
    for step in range(STEP):
        golden.step(*batch(step), RATE)
    arrays = {f"before.{name}": each for name, each in golden.state().items()}
    recorder = _Recorder(golden)
    pixels, labels = batch(STEP)
    p = golden.gradients(pixels, labels)
    for number, node in golden.nodes.items():
        if isinstance(node, ConvNode):
            arrays |= {f"{number}.m": node.norm.m, f"{number}.el": node.norm.el, f"{number}.xq": node.xq}
        if isinstance(node, PoolNode):
            continue
        if "tau" in node.parameters:
            arrays[f"{number}.passed"] = node.passed
        for name, (gradient, e) in node.gained.items():
            arrays |= {f"{number}.gained.{name}": gradient, f"{number}.gained.{name}.exponent": np.array(e)}
    golden.update(RATE)
    arrays |= recorder.arrays | {f"after.{name}": each for name, each in golden.state().items()}
    arrays |= {"pixels": pixels, "labels": labels, "p": p}
    return arrays | {"seed": np.array(SEED), "step": np.array(STEP), "rate": np.array([RATE.m, RATE.e])}


def packed(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as the file holds them, single numbers in one text."""
    scalars = {name: int(each) for name, each in arrays.items() if each.ndim == 0}
    return {name: _smallest(each) for name, each in arrays.items() if each.ndim} | {
        "scalars": np.array(json.dumps(scalars))
    }


def _smallest(array: np.ndarray) -> np.ndarray:
    """The array in the smallest integers that hold it."""
    kinds = (np.int8, np.int16, np.int32, np.int64)
    if array.dtype.kind != "i":
        return array
    return next(c for c in (array.astype(kind) for kind in kinds) if np.array_equal(c, array))


if __name__ == "__main__":
    np.savez_compressed(PATH, allow_pickle=False, **packed(record()))
    print(f"Wrote {PATH.name}, {PATH.stat().st_size} bytes")
