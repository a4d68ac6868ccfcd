"""The networks that train by name: those of ETA, Section V, and small ones."""

from collections.abc import Callable

from hw.arch.checks import ConfigError

from .network import Conv, Fc, Input, Network, Node, Pool, PoolKind

__all__ = ["CIFAR_SHAPE", "DIGITS_SHAPE", "FIXED_SHAPES", "IMAGENET_SHAPE", "NETWORKS", "build"]

CIFAR_SHAPE, IMAGENET_SHAPE, DIGITS_SHAPE = (3, 32, 32), (3, 224, 224), (1, 8, 8)


class _Builder:
    """Appends nodes; each method returns the number of the node that holds its output."""

    def __init__(self, shape):
        self.nodes: list[Node] = [Input(*shape)]

    def append(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def block(self, source: int, channels: int, stride: int) -> int:
        """A basic residual block: two 3x3 convs, the shortcut 1x1 at stride 2, else the identity."""
        first = self.append(Conv(source, channels, stride=stride))
        shortcut = source if stride == 1 else self.append(Conv(source, channels, 1, stride, tlu=False))
        return self.append(Conv(first, channels, add=shortcut))

    def stages(self, source: int, stages: tuple[int, ...], blocks: int) -> int:
        for number, channels in enumerate(stages):
            for position in range(blocks):
                source = self.block(source, channels, 2 if number and not position else 1)
        return source

    def convs(self, source: int, channels: tuple[int, ...]) -> int:
        for each in channels:
            source = self.append(Conv(source, each))
        return source

    def classify(self, source: int, classes: int) -> tuple[Node, ...]:
        """End in global average pool and FC."""
        self.append(Fc(self.append(Pool(source, PoolKind.GLOBAL)), classes))
        return tuple(self.nodes)


def _resnet8(shape, classes):
    net = _Builder(shape)
    return net.classify(net.stages(net.convs(0, (16,)), (16, 32, 64), 1), classes)


def _resnet20(shape, classes):
    net = _Builder(shape)
    return net.classify(net.stages(net.convs(0, (16,)), (16, 32, 64), 3), classes)


def _resnet18(shape, classes):
    net = _Builder(shape)
    first = net.append(Conv(0, 64, 7, 2))
    pooled = net.append(Pool(first, PoolKind.MAX, 3, 2, 1))
    return net.classify(net.stages(pooled, (64, 128, 256, 512), 2), classes)


def _vgg6(shape, classes):
    net = _Builder(shape)
    first = net.append(Pool(net.convs(0, (16, 16)), PoolKind.MAX))
    second = net.append(Pool(net.convs(first, (32, 32)), PoolKind.MAX))
    net.append(Fc(net.convs(second, (64,)), classes))
    return tuple(net.nodes)


def _vgg16(shape, classes):
    net, source = _Builder(shape), 0
    for channels in ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3):
        source = net.append(Pool(net.convs(source, channels), PoolKind.MAX))
    net.append(Fc(source, classes))
    return tuple(net.nodes)


def _mlp(shape, classes):
    return (Input(*shape), Fc(0, 128, tlu=True), Fc(1, 64, tlu=True), Fc(2, classes))


#: Name -> nodes of the network for the shape of its images and the number of classes.
NETWORKS: dict[str, Callable[[tuple[int, int, int], int], tuple[Node, ...]]] = {
    "mlp": _mlp,
    "resnet8": _resnet8,
    "resnet18": _resnet18,
    "resnet20": _resnet20,
    "vgg6": _vgg6,
    "vgg16": _vgg16,
}

#: The image shape of networks that are defined for one.
FIXED_SHAPES = {"resnet18": IMAGENET_SHAPE, "resnet20": CIFAR_SHAPE, "vgg16": CIFAR_SHAPE}


def build(name: str, shape: tuple[int, int, int], classes: int) -> Network:
    """Return the network `name` for images of a shape (channels, height, width).

    Raises
    ------
    ConfigError
        If there is no such network, or the images do not fit it.
    """
    if name not in NETWORKS:
        raise ConfigError(f"Network must be one of {', '.join(NETWORKS)}, not {name!r}")
    fixed = FIXED_SHAPES.get(name, shape)
    if tuple(shape) != fixed:
        raise ConfigError(f"Images of {name} must be {_times(fixed)}, not {_times(shape)}")
    return Network(name, NETWORKS[name](shape, classes))


def _times(shape) -> str:
    return "x".join(map(str, shape))
