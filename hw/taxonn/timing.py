"""Cycles of a training step, from the latencies of the units; the tests measure them."""

from hw.spec.taxonn import Activation, TaxonnConfig

from .activation import ActivationUnit
from .buffer import DoubleBuffer
from .line import Line
from .multiplier import GlobalMultiplier
from .pe import Pe
from .rescale import Rescale

__all__ = ["step_cycles"]

#: An order leaves its register, and results and G are registered on their bus.
_ORDER = _BUS = 1
#: Last MULTIPLY to the input of the activation unit; output of one layer to the first order of the next.
_RESULT = _ORDER + Pe.LATENCY + _BUS + Rescale.LATENCY
_HANDOVER = Rescale.LATENCY + DoubleBuffer.LATENCY + 1
#: G of one layer to G of the layer before, less its PEs: LOAD, BACK, conversion, product.
BACK_FILL = _ORDER + Pe.LATENCY + Rescale.LATENCY + GlobalMultiplier.LATENCY
#: Last output to the first G, less what softmax adds: the last f' is waited for.
_LOSS = GlobalMultiplier.LATENCY + 1 + 1 + 1 + GlobalMultiplier.LATENCY
#: First G of layer 1 to the end of its update, less its inputs: LOAD, the product with alpha, the bias, the last state.
_UPDATE = 4


def step_cycles(config: TaxonnConfig) -> dict[str, int]:
    """Return the cycles of `forward`, `backward` and `update`, where no layer waits for its own update.

    ::

        forward   N_0 + .. + N_n + 9 n - 3 and the latencies of the activation units (4 for curves, else 1)
        backward  N_1 + .. + N_n + 7 n - 1; with softmax N_n + F + I + 2 more
        update    N_0 - N_1 + 5; where that is negative, backward ends that much earlier, for the next
                  sample starts while the last PEs of layer 1 get their G
    """
    sizes, depth, last = config.layers, config.depth, config.formats[-1]
    fill = sum(_RESULT + ActivationUnit.latency_of(kind) for kind in config.activations) + (depth - 1) * _HANDOVER
    forward = sum(sizes) + fill
    loss = _LOSS
    if config.activations[-1] == Activation.SOFTMAX:
        loss += sizes[-1] + last.fraction + last.integer + Line.LATENCY - 1
    first = loss + sum(size + BACK_FILL for size in sizes[2:])
    backward, total = first + sizes[1] - 1, first + sizes[0] + _UPDATE
    backward = min(backward, total)
    return {"forward": forward, "backward": backward, "update": total - backward}
