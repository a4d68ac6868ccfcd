"""Golden model of the PE: the registers of its three MACs, cycle by cycle."""

from dataclasses import dataclass, field

from hw.arch.array.config import TAPS
from sim.golden.conv import wrap

__all__ = ["PeModel"]


@dataclass
class PeModel:
    """One PE on decoded values; `step` is one clock edge.

    p = (multiply ? x * b2 : 0) + {0, p_in, p}[add_to], with x, multiply and add_to registered once, the product
    once more; b1 takes `b` and b2 takes b1 when they are told to (architecture.md Section 2).

    Parameters
    ----------
    head : bool
        The head has no `p_in`: it adds zero.
    acc_bits : int
    """

    head: bool
    acc_bits: int
    x: list[int] = field(default_factory=lambda: [0] * TAPS)
    b1: list[int] = field(default_factory=lambda: [0] * TAPS)
    b2: list[int] = field(default_factory=lambda: [0] * TAPS)
    product: list[int] = field(default_factory=lambda: [0] * TAPS)
    p: list[int] = field(default_factory=lambda: [0] * TAPS)
    multiply: int = 0
    add_to: str = "ZERO"

    def step(self, *, x, b, p_in, multiply, add_to, load_b1, load_b2):
        """Advance by one cycle; `x`, `b`, `p_in` are lists of three, `add_to` the name of an AddTo."""
        for k in range(TAPS):
            addend = {"ZERO": 0, "CASCADE": 0 if self.head else p_in[k], "SUM": self.p[k]}[self.add_to]
            self.p[k] = int(wrap(addend + (self.product[k] if self.multiply else 0), self.acc_bits))
            self.product[k] = self.x[k] * self.b2[k]
            if load_b2:
                self.b2[k] = self.b1[k]
            if load_b1:
                self.b1[k] = b[k]
        self.x, self.multiply, self.add_to = list(x), multiply, add_to
