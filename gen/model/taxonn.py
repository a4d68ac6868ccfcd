"""Networks of TaxoNN by name."""

from dataclasses import dataclass

__all__ = ["NETS", "Net"]


@dataclass(frozen=True)
class Net:
    """What the options `--layers`, `--activation` and `--format` are by default for a network.

    Parameters
    ----------
    layers, activation, format : str
    """

    layers: str
    activation: str
    format: str


_LENET = ("tanh,tanh,tanh,tanh,softmax", "2,12/2,12/2,12/1,12/3,10")

NETS = {
    # LeCun et al. 1998 with tanh and maxima; formats of TaxoNN, Table I, MNIST.
    "lenet5": Net(
        "28x28x1,conv6k5p2,pool2,conv16k5,pool2,120,84,10",
        *_LENET,
    ),
    # The same with averages, as published.
    "lenet5-average": Net("28x28x1,conv6k5p2,avg2,conv16k5,avg2,120,84,10", *_LENET),
}
