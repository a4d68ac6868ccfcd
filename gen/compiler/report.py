"""Cycles of a training step of a network, layer by layer and phase by phase."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from gen.compiler.ccore.pattern import pattern_of
from gen.model.layer import Layer, Phase
from gen.model.network import Network
from hw.arch.ccore.config import CCORE_RANGES, CCoreConfig

from .tiling import Cost, Tiling, Work, best, thinned
from .timing import Ports

__all__ = ["Row", "rows", "summary"]


@dataclass(frozen=True)
class Row:
    """A phase of a layer.

    Parameters
    ----------
    node : int
        Number of the layer in its network.
    layer : Layer
    phase : Phase
    pattern : str
        Name of the pattern (:class:`hw.arch.ccore.descriptor.Code`).
    tiling : Tiling
    cost : Cost
        In the buffers.
    alone : int
        Cycles where no buffer is too small: what the patterns alone take.
    macs_per_cycle : int
        MACs of the array.
    """

    node: int
    layer: Layer
    phase: Phase
    pattern: str
    tiling: Tiling
    cost: Cost
    alone: int
    macs_per_cycle: int

    @property
    def utilisation(self) -> float:
        """Real products over those that the array could have made in :attr:`alone` cycles."""
        return self.layer.macs / self.macs_per_cycle / self.alone

    def describe(self) -> dict:
        """The row for JSON: cycles and MACs of the whole batch."""
        cost = self.cost
        return {
            "node": self.node,
            "layer": str(self.layer),
            "phase": str(self.phase),
            "pattern": self.pattern,
            "cycles": self.alone,
            "cycles_in_buffers": cost.calc,
            "cycles_with_loads": cost.total,
            "macs": self.layer.macs,
            "utilisation": round(self.utilisation, 4),
            "tiling": asdict(self.tiling),
            "loads": {
                "input_words": cost.inputs,
                "weight_cycles": cost.weights,
                "stall": cost.stall,
                "dram_cycles": {
                    "inputs": round(cost.dram_inputs),
                    "weights": round(cost.dram_weights),
                    "outputs": round(cost.dram_outputs),
                },
            },
        }


def rows(network: Network, batch: int, config: CCoreConfig, ports: Ports) -> Iterator[Row]:
    """The phases of all layers with weights; no BP of layers on the images.

    Raises
    ------
    ValueError
        If a layer does not fit the buffers.
    """
    found: dict[tuple[Layer, Phase], tuple[Tiling, Cost, int]] = {}
    largest = replace(config, **{name: high for name, (_, high) in CCORE_RANGES.items()})
    for node in network.key_nodes:
        layer = network.layer(node, batch)
        for phase in Phase:
            if phase == Phase.BP and network.sources(node)[0] == 0:
                continue
            if (layer, phase) not in found:
                alone = best(Work(thinned(layer, phase), phase, largest, ports))[1].calc
                found[layer, phase] = (*best(Work(thinned(layer, phase), phase, config, ports)), alone)
            pattern = pattern_of(layer, phase, config).code.name
            yield Row(node, layer, phase, pattern, *found[layer, phase], config.array.macs)


def summary(found: list[Row], batch: int) -> dict:
    """Totals an image: of the C-Core alone, in its buffers with operands in time, and with the loads beside it."""
    macs = sum(row.layer.macs for row in found)
    calc, total = (sum(getattr(row.cost, name) for row in found) for name in ("calc", "total"))
    peak = found[0].macs_per_cycle

    def share(cycles: int) -> dict:
        return {"cycles_per_image": round(cycles / batch, 1), "utilisation": round(macs / peak / cycles, 4)}

    return {
        **share(sum(row.alone for row in found)),
        "macs_per_image": macs // batch,
        "in_buffers": share(calc),
        "with_loads": share(total),
        "layers": [row.describe() for row in found],
    }
