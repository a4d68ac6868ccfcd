"""The description of a network: nodes in topological order, read by training and compiler alike."""

import enum
from dataclasses import dataclass
from functools import cached_property

from hw.arch.checks import ConfigError

from .layer import Layer

__all__ = ["Conv", "Fc", "Input", "Network", "Node", "Pool", "PoolKind"]


class PoolKind(enum.StrEnum):
    """What a pool takes of each window."""

    GLOBAL = "global"  #: the mean of the whole map
    AVERAGE = "average"  #: the mean
    MAX = "max"  #: the first maximum


@dataclass(frozen=True)
class Input:
    """The images; node 0 and no other."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class Conv:
    """A convolution, L1-FRN, the sum with the output of node `add` if there is one, and TLU.

    Without TLU it is the 1x1 shortcut of a residual block: its output goes into `add` of one node.
    """

    source: int
    channels: int
    kernel: int = 3
    stride: int = 1
    add: int | None = None
    tlu: bool = True

    @property
    def padding(self) -> int:
        """Pixels of zero on each side: kernel // 2."""
        return self.kernel // 2


@dataclass(frozen=True)
class Pool:
    """A pool. The padding of a max pool never is the maximum; other kinds have none."""

    source: int
    kind: PoolKind
    kernel: int = 2
    stride: int = 2
    padding: int = 0


@dataclass(frozen=True)
class Fc:
    """A fully connected layer with bias on the flattened (CHW) output of `source`, with TLU if it is hidden."""

    source: int
    outputs: int
    tlu: bool = False


Node = Input | Conv | Pool | Fc


@dataclass(frozen=True)
class Network:
    """A network of one input and one output.

    Parameters
    ----------
    name : str
    nodes : tuple of Node
        Node 0 is the input, the last one an FC without TLU: the logits. Their positions number the layers of
        numerics.md Section 2.

    Attributes
    ----------
    shapes : tuple of (channels, height, width), of each node's output; an FC has maps of 1x1.

    Raises
    ------
    ConfigError
        If a node breaks a rule that its message names.
    """

    name: str
    nodes: tuple[Node, ...]

    def __post_init__(self):
        if not self.nodes or not isinstance(self.nodes[0], Input):
            raise ConfigError("Network node 0 must be the input")
        for number, node in enumerate(self.nodes[1:], 1):
            for source in self.sources(number):
                if not 0 <= source < number:
                    raise ConfigError(f"Network node {number} must take earlier nodes, not {source}")
            self._check(number, node)
        if not isinstance(self.nodes[-1], Fc) or self.nodes[-1].tlu:
            raise ConfigError(f"Network must end in an FC without TLU, not in {self.nodes[-1]!r}")
        for number in range(len(self.nodes) - 1):
            self._check_uses(number)

    @cached_property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """Shape (channels, height, width) of each node's output."""
        found: list[tuple[int, int, int]] = []
        for node in self.nodes:
            found.append(_shape(node, found))
        return tuple(found)

    def sources(self, number: int) -> tuple[int, ...]:
        """The nodes whose output a node takes, the one that it adds last."""
        node = self.nodes[number]
        if isinstance(node, Input):
            return ()
        added = node.add if isinstance(node, Conv) else None
        return (node.source,) if added is None else (node.source, added)

    @cached_property
    def users(self) -> tuple[tuple[int, ...], ...]:
        """The nodes that take each node's output, those that only add it included."""
        return tuple(
            tuple(user for user in range(len(self.nodes)) if number in self.sources(user))
            for number in range(len(self.nodes))
        )

    def is_shortcut(self, number: int) -> bool:
        """Whether a node is the 1x1 conv of a shortcut."""
        node = self.nodes[number]
        return isinstance(node, Conv) and not node.tlu

    def layer(self, number: int, batch: int = 1) -> Layer:
        """Shape of the key layer of a Conv or Fc; an FC is a 1x1 kernel on 1x1 maps."""
        node = self.key_node(number)
        channels, height, width = self.shapes[node.source]
        if isinstance(node, Conv):
            return Layer(batch, channels, node.channels, height, width, node.kernel, node.stride, node.padding)
        return Layer(batch, channels * height * width, node.outputs)

    def key_node(self, number: int) -> "Conv | Fc":
        """A node that has weights.

        Raises
        ------
        ConfigError
            If it has none.
        """
        node = self.nodes[number]
        if not isinstance(node, Conv | Fc):
            raise ConfigError(f"Network node {number} has no weights: it must be a conv or an FC, not {node!r}")
        return node

    @property
    def key_nodes(self) -> tuple[int, ...]:
        """Numbers of the nodes with weights."""
        return tuple(n for n, node in enumerate(self.nodes) if isinstance(node, Conv | Fc))

    @property
    def macs(self) -> int:
        """Products of FP for an image; products with the padding count."""
        return sum(self.layer(number).macs for number in self.key_nodes)

    @property
    def training_macs(self) -> int:
        """Products of FP, BP and WG for an image, without BP of the layers on the input."""
        first = sum(self.layer(number).macs for number in self.key_nodes if self.sources(number)[0] == 0)
        return 3 * self.macs - first

    def _check(self, number: int, node: Node):
        if isinstance(node, Input):
            raise ConfigError(f"Network node {number} must not be another input")
        shape = self._shape_upto(number)
        if isinstance(node, Conv):
            if shape[1] * shape[2] < 2:
                raise ConfigError(f"Network node {number} must have maps of at least two pixels for its FRN, not 1x1")
            if node.add is not None and (added := self._shape_upto(node.add)) != shape:
                raise ConfigError(f"Network node {number} must add a node of its shape {shape}, not {added}")
            if not node.tlu and (node.kernel != 1 or node.add is not None):
                raise ConfigError(f"Network node {number} has no TLU, so it must be a 1x1 shortcut, not {node!r}")

    def _shape_upto(self, number: int) -> tuple[int, int, int]:
        found: list[tuple[int, int, int]] = []
        for node in self.nodes[: number + 1]:
            found.append(_shape(node, found))
        return found[number]

    def _check_uses(self, number: int):
        adders = [user for user in self.users[number] if self.sources(user)[-1] == number and self._adds(user)]
        others = [user for user in self.users[number] if user not in adders]
        if self.is_shortcut(number):
            if others or len(adders) != 1:
                raise ConfigError(f"Network node {number} is a shortcut, so one node must add it, not {len(adders)}")
            return
        wide = [user for user in others if not self.is_shortcut(user)]
        if len(wide) != 1:
            raise ConfigError(
                f"Network node {number} must go into exactly one node beside shortcuts and adds, not {len(wide)}"
            )

    def _adds(self, number: int) -> bool:
        return len(self.sources(number)) == 2


def _shape(node: Node, found: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Shape of a node's output from those of the nodes before it."""
    if isinstance(node, Input):
        return (node.channels, node.height, node.width)
    channels, height, width = found[node.source]
    if isinstance(node, Fc):
        return (node.outputs, 1, 1)
    if isinstance(node, Conv):
        layer = Layer(1, channels, node.channels, height, width, node.kernel, node.stride, node.padding)
        return (node.channels, layer.out_height, layer.out_width)
    if node.kind == PoolKind.GLOBAL:
        return (channels, 1, 1)
    if node.padding and (node.kind != PoolKind.MAX or 2 * node.padding > node.kernel):
        raise ConfigError(f"Pool padding must be 0, or at most half the kernel of a max pool, not {node!r}")
    rows, columns = ((size + 2 * node.padding - node.kernel) // node.stride + 1 for size in (height, width))
    if min(rows, columns) < 1:
        raise ConfigError(f"Pool kernel must be at most the padded input, not {node.kernel} on {height}x{width}")
    return (channels, rows, columns)
