"""Which layers get which error, and which are trained."""

from gen.model.network import Network

__all__ = ["Backpropagation"]


class Backpropagation:
    """The error of every node goes to all nodes before it but the input, and all are trained.

    Other schedules override the two methods: what does not carry an error is not computed, and a node that no
    error reaches is not trained.
    """

    def __init__(self, network: Network):
        self.network = network

    def carries(self, user: int, node: int) -> bool:
        """Whether the error of `user` goes back to `node`, one of its sources."""
        return node != 0

    def trains(self, node: int) -> bool:
        """Whether the parameters of a node are updated."""
        return True
