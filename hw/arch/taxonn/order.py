"""Orders: what travels from PE to PE, one cycle each, so that PE r does what PE 0 did r cycles before."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum

from .config import FixedFormat

__all__ = ["Op", "word_layout"]


class Op(enum.Enum, shape=unsigned(3)):
    """What a PE does with the word that comes along; W is word `column` of its scratchpad.

    MULTIPLY   acc = (first ? 0 : acc) + x W; `last` puts acc on the result bus
    WRITE      W = x if selected; the result bus says when
    READ       acc = x W with x = 1, on the result bus if selected
    LOAD       G = the gradient on the bus of its layer
    BACK       acc = acc of the PE before + G W; x must be 0
    UPDATE     W = round(W + G x), x = -alpha X; `column` comes one cycle after the order

    Those of training have bit 2. In the PE of a convolution, LOAD adds up x G, and BACK takes its own G from the bus.
    """

    NONE = 0
    MULTIPLY = 1
    WRITE = 2
    READ = 3
    LOAD = 4
    BACK = 5
    UPDATE = 6


def word_layout(inputs: int, form: FixedFormat) -> data.StructLayout:
    """Layout of the word that goes with an order, for PEs of `inputs` weights and a bias."""
    return data.StructLayout({"column": range(inputs + 1), "x": signed(form.width), "first": 1, "last": 1})
