"""Register map of the TaxoNN machine: byte addresses on its AXI4-Lite port, 32-bit words.

Whole words only. Weights answer only while the machine is idle, with SLVERR otherwise; addresses that
nothing answers give SLVERR too.
"""

import enum

__all__ = ["Register", "layer_register", "weight_address", "LayerRegister", "WEIGHTS", "COLUMN", "ROW", "LAYER"]


class Register(enum.IntEnum):
    """Registers of the machine.

    STATUS           r    bit 0: a sample is under way, or its results are not taken yet
    RESTART          w    any value: noise from step 0, cycles and steps 0; after a change of keys
    STEPS            r    samples trained with
    CYCLES_FORWARD   r    cycles of training steps: to the last output
    CYCLES_BACKWARD  r    from there to the last G of layer 1, or the end of its update if that is earlier
    CYCLES_UPDATE    r    from there to the end of the update of layer 1, when the next sample may start
    """

    STATUS = 0x00
    RESTART = 0x04
    STEPS = 0x08
    CYCLES_FORWARD = 0x0C
    CYCLES_BACKWARD = 0x10
    CYCLES_UPDATE = 0x14


class LayerRegister(enum.IntEnum):
    """Registers of each layer, offsets from `layer_register(layer)`.

    RATE              rw   alpha in units of 2^-(F + 3), not negative
    KEY_LOW/KEY_HIGH  rw   key of the rounding noise
    """

    RATE = 0x0
    KEY_LOW = 0x4
    KEY_HIGH = 0x8


#: Weights: bit 30 set, layer from 0, row (neuron) and column (input; N_{i-1} is the bias) at these bits.
WEIGHTS, LAYER, ROW, COLUMN = 30, 26, 14, 2


def layer_register(layer: int, register: LayerRegister) -> int:
    """Address of a register of a layer, counted from 0."""
    return 0x40 + 0x10 * layer + register


def weight_address(layer: int, row: int, column: int) -> int:
    """Address of a weight, sign-extended when read; layers count from 0.

    Row and column of a convolution are those of :meth:`hw.arch.taxonn.maps.Convolution.place`.
    """
    return 1 << WEIGHTS | layer << LAYER | row << ROW | column << COLUMN
