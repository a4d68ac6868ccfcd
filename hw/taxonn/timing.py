"""Cycles of a training step, from the latencies of the units; the tests measure them."""

from hw.arch.taxonn.config import Activation, TaxonnConfig
from hw.arch.taxonn.maps import Convolution

from .activation import ActivationUnit
from .buffer import DoubleBuffer
from .conv_sequencer import ConvSequencer
from .filter import Filter
from .line import Line
from .map_buffer import MapBuffer
from .multiplier import GlobalMultiplier
from .output_stage import OutputStage
from .pe import Pe
from .rescale import Rescale
from .row_sums import RowSums

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
#: First G of layer 1 to the end of its update, less its inputs: LOAD, alpha x, the bias, the last state.
_UPDATE = 4
#: Output of one layer to the start of a convolution, which needs the whole sample.
_MAPS = Rescale.LATENCY + 1
#: Last G of a convolution to its first order: the memory of G, the state.
_GRADED = 3


def step_cycles(config: TaxonnConfig) -> dict[str, int]:
    """Return the cycles of `forward`, `backward` and `update`, where no layer waits for its own update.

    Fully connected::

        forward   N_0 + .. + N_n + 9 n - 3 and the latencies of the activation units (4 for curves, else 1)
        backward  N_1 + .. + N_n + 7 n - 1; with softmax N_n + F + I + 2 more
        update    N_0 - N_1 + 5; where that is negative, backward ends that much earlier, for the next
                  sample starts while the last PEs of layer 1 get their G

    By the formulas of :class:`.conv_sequencer.ConvSequencer` a convolution adds `forward_cycles`, M + k and a constant
    to the forward phase; it adds `back_cycles`, M and a constant to the backward phase if it is not layer 1, whose
    `update_cycles` are the update. The last G of the last convolution comes N_i - 1 cycles after its first.
    """
    forward = sum(_forward(config, i) for i in range(config.depth))
    first = last = _loss(config)
    last += config.layers[-1] - 1
    for i in range(config.depth - 1, 0, -1):
        # First and last G of layer i, counted from 1.
        maps, size = config.maps[i], config.layers[i]
        if maps:
            leave = _ORDER + MapBuffer.LATENCY + maps.filters - 1 + Pe.LATENCY + RowSums.LATENCY
            last += _GRADED + ConvSequencer.back_cycles(maps) - RowSums.GAP - 1 + leave + OutputStage.BACKWARD_LATENCY
        else:
            first += config.layers[i + 1] + BACK_FILL
            last = first + size - 1
    if maps := config.maps[0]:
        return {"forward": forward, "backward": last, "update": _GRADED + ConvSequencer.update_cycles(maps)}
    total = first + config.layers[0] + _UPDATE
    backward = min(last, total)
    return {"forward": forward, "backward": backward, "update": total - backward}


def _forward(config: TaxonnConfig, i: int) -> int:
    """Return the cycles from the last output of the layer before, or the start, to that of layer i, from 0."""
    activation, maps = ActivationUnit.latency_of(config.activations[i]), config.maps[i]
    if maps:
        return _convolution(maps, config.formats[i].width) + activation + (_MAPS if i else 0)
    handover = _HANDOVER - _pauses(config.maps[i - 1]) if i else config.layers[0]
    return config.layers[i + 1] + _RESULT + activation + handover


def _pauses(maps: Convolution | None) -> bool:
    """Return whether outputs come with pauses, in which a fully connected layer makes up for its first cycle."""
    if maps is None:
        return False
    return maps.outputs > maps.filters < ConvSequencer.beats(maps) * maps.pool**2


def _convolution(maps: Convolution, width: int) -> int:
    """Return the cycles from the start of a convolution, of codes of `width` bits, to its last z."""
    idle = ConvSequencer.beats(maps) - maps.lane
    chain = _ORDER + MapBuffer.LATENCY + maps.filters - 1 + maps.kernel - 1 + Filter.LATENCY
    ratio = OutputStage.ratio_latency(maps.mean(width))
    return ConvSequencer.forward_cycles(maps) - idle + chain + _BUS + ratio + Rescale.LATENCY


def _loss(config: TaxonnConfig) -> int:
    """Return the cycles from the last output to the first G of layer n."""
    last = config.formats[-1]
    if config.activations[-1] != Activation.SOFTMAX:
        return _LOSS
    return _LOSS + config.layers[-1] + last.fraction + last.integer + Line.LATENCY - 1
