"""The description of networks: shapes, products, rules."""

import pytest

from gen.model.network import Conv, Fc, Input, Network, Pool, PoolKind
from gen.model.zoo import CIFAR_SHAPE, IMAGENET_SHAPE, NETWORKS, build


@pytest.mark.parametrize(
    "name, shape, classes, macs, training",
    [
        ("resnet20", CIFAR_SHAPE, 10, 40_813_184, 121_997_184),
        ("vgg16", CIFAR_SHAPE, 10, 313_201_664, 937_835_520),
        ("resnet18", IMAGENET_SHAPE, 1000, 1_814_073_344, 5_324_206_080),
    ],
)
def test_products_of_the_papers_networks(name, shape, classes, macs, training):
    network = build(name, shape, classes)
    assert (network.macs, network.training_macs) == (macs, training)
    assert network.shapes[-1] == (classes, 1, 1)


def test_layers_of_resnet18():
    network = build("resnet18", IMAGENET_SHAPE, 1000)
    assert network.shapes[1:3] == ((64, 112, 112), (64, 56, 56))
    assert network.shapes[-3:] == ((512, 7, 7), (512, 1, 1), (1000, 1, 1))
    convs = [node for node in network.nodes if isinstance(node, Conv)]
    assert [(c.kernel, c.stride) for c in convs].count((3, 1)) == 13
    assert [(c.kernel, c.stride) for c in convs].count((3, 2)) == 3
    assert [(c.kernel, c.stride) for c in convs].count((1, 2)) == 3
    assert str(network.layer(1, 8)) == "8x3x224x224 -> 64, 7x7 stride 2 padding 3"


@pytest.mark.parametrize("name, keys", [("resnet8", 10), ("resnet20", 22), ("vgg6", 6), ("vgg16", 14), ("mlp", 3)])
def test_number_of_key_layers(name, keys):
    """Those of the name, and the two shortcuts of the residual networks."""
    shape = CIFAR_SHAPE if name in ("resnet20", "vgg16") else (1, 8, 8)
    assert len(build(name, shape, 10).key_nodes) == keys


@pytest.mark.parametrize("name", ["resnet8", "vgg6", "mlp"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 17, 23)])
def test_small_networks_take_any_size(name, shape):
    assert build(name, shape, 7).shapes[-1] == (7, 1, 1)


def test_users():
    network = build("resnet8", (1, 8, 8), 10)
    assert network.sources(3) == (2, 1)
    assert network.users[1] == (2, 3)
    assert network.users[3] == (4, 5)
    assert [n for n in range(len(network.nodes)) if network.is_shortcut(n)] == [5, 8]


IMAGE, LOGITS = Input(1, 8, 8), Fc(1, 10)


@pytest.mark.parametrize(
    "nodes, message",
    [
        ((Conv(0, 4),), "Network node 0 must be the input"),
        ((), "Network node 0 must be the input"),
        ((IMAGE, IMAGE, Fc(0, 10)), "Network node 1 must not be another input"),
        ((IMAGE, Conv(1, 4), LOGITS), "Network node 1 must take earlier nodes, not 1"),
        ((IMAGE, Conv(0, 4, add=-1), LOGITS), "Network node 1 must take earlier nodes, not -1"),
        ((IMAGE, Conv(0, 4)), "Network must end in an FC without TLU, not in Conv"),
        ((IMAGE, Fc(0, 4, tlu=True)), "Network must end in an FC without TLU, not in Fc"),
        ((IMAGE, Conv(0, 4), Conv(1, 8, add=1), Fc(2, 10)), "Network node 2 must add a node of its shape"),
        ((Input(1, 1, 1), Conv(0, 4), LOGITS), "Network node 1 must have maps of at least two pixels"),
        ((IMAGE, Conv(0, 4, tlu=False), LOGITS), "Network node 1 has no TLU, so it must be a 1x1 shortcut"),
        ((IMAGE, Conv(0, 4, 1, tlu=False), LOGITS), "Network node 0 must go into exactly one node beside"),
        ((IMAGE, Conv(0, 4), Conv(1, 4, 1, tlu=False), Fc(1, 10)), "Network node 2 is a shortcut, so one node must"),
        ((IMAGE, Conv(0, 4), LOGITS, Fc(1, 10)), "Network node 1 must go into exactly one node beside"),
        ((IMAGE, Conv(0, 4), Fc(0, 10)), "Network node 0 must go into exactly one node beside"),
        ((IMAGE, Pool(0, PoolKind.MAX, 9, 1), LOGITS), "Pool kernel must be at most the padded input, not 9 on 8x8"),
        ((IMAGE, Pool(0, PoolKind.AVERAGE, 2, 2, 1), LOGITS), "Pool padding must be 0"),
        ((IMAGE, Conv(0, 4, stride=3), LOGITS), "Layer stride must be 1 or 2, not 3"),
    ],
)
def test_rules(nodes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Network("wrong", nodes)


def test_names_and_image_shapes():
    with pytest.raises(ValueError, match=rf"^Network must be one of {', '.join(NETWORKS)}, not 'lenet'$"):
        build("lenet", (1, 8, 8), 10)
    with pytest.raises(ValueError, match=r"^Images of vgg16 must be 3x32x32, not 1x28x28$"):
        build("vgg16", (1, 28, 28), 10)
    with pytest.raises(ValueError, match=r"^Network node 0 has no weights"):
        build("mlp", (1, 8, 8), 10).layer(0)
