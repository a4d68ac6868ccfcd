"""Orders: what travels from PE to PE, one cycle each, so that PE r does what PE 0 did r cycles before."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import enum

from hw.arch.fields import Choice, Field, Word, member

from .config import FixedFormat

__all__ = ["Op", "order_word"]


class Op(Choice, enum.Enum, shape=unsigned(3)):
    """What a PE does with the word that comes along; W is word `column` of its scratchpad.

    Those of training have bit 2. In the PE of a convolution, LOAD adds up x G, and BACK takes its own G from the bus.
    """

    NONE = member(0, "nothing")
    MULTIPLY = member(1, "acc = (first ? 0 : acc) + x W; `last` puts acc on the result bus")
    WRITE = member(2, "W = x if selected; the result bus says when")
    READ = member(3, "acc = x W with x = 1, on the result bus if selected")
    LOAD = member(4, "G = the gradient on the bus of its layer")
    BACK = member(5, "acc = acc of the PE before + G W; x must be 0")
    UPDATE = member(6, "W = round(W + G x), x = -alpha X; `column` comes one cycle after the order")


def order_word(inputs: int, form: FixedFormat) -> Word:
    """The word that goes with an order, for PEs of `inputs` weights and a bias."""
    return Word(
        "Order",
        "What goes with an order.",
        Field("column", range(inputs + 1), "word of the scratchpad"),
        Field("x", signed(form.width), "operand"),
        Field("first", unsigned(1), "first product of a sum"),
        Field("last", unsigned(1), "last product of a sum"),
    )
