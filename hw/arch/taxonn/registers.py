"""Register map of the TaxoNN machine: byte addresses on its AXI4-Lite port, 32-bit words.

Whole words only. Weights answer only while the machine is idle, with SLVERR otherwise; addresses that
nothing answers give SLVERR too, and so does an access that a register does not have.
"""

from ..registers import Access, Array, Bits, Entry, Memory, RegisterMap, Registers
from .config import TaxonnConfig

__all__ = [
    "Register",
    "layer_register",
    "register_map",
    "weight_address",
    "LayerRegister",
    "WEIGHTS",
    "COLUMN",
    "ROW",
    "LAYER",
]

_R, _W, _RW = Access.READ, Access.WRITE, Access.READ_WRITE
_BUSY = Bits("BUSY", 0, 1, "a sample is under way, or its results are not taken yet")


class Register(Registers):
    """Registers of the machine."""

    STATUS = 0x00, _R, f"bit 0: {_BUSY.doc}", (_BUSY,)
    RESTART = 0x04, _W, "any value: noise from step 0, cycles and steps 0; after a change of keys"
    STEPS = 0x08, _R, "samples trained with"
    CYCLES_FORWARD = 0x0C, _R, "cycles of training steps: to the last output"
    CYCLES_BACKWARD = 0x10, _R, "from there to the last G of layer 1, or the end of its update if that is earlier"
    CYCLES_UPDATE = 0x14, _R, "from there to the end of the update of layer 1, when the next sample may start"


class LayerRegister(Registers):
    """Registers of each layer, offsets from `layer_register(layer)`."""

    RATE = 0x0, _RW, "alpha in units of 2^-(F + 3), not negative, below 2^(I - 3); a greater one is refused"
    KEY_LOW = 0x4, _RW, "key of the rounding noise"
    KEY_HIGH = 0x8, _RW, "key of the rounding noise"


#: Weights: bit 30 set, layer from 0, row (neuron) and column (input; N_{i-1} is the bias) at these bits.
WEIGHTS, LAYER, ROW, COLUMN = 30, 26, 14, 2
_LAYERS, _STRIDE = 0x40, 0x10
_INDICES = (("layer", LAYER), ("row", ROW), ("column", COLUMN))


def layer_register(layer: int, register: LayerRegister) -> int:
    """Address of a register of a layer, counted from 0."""
    return _LAYERS + _STRIDE * layer + register


def weight_address(layer: int, row: int, column: int) -> int:
    """Address of a weight, sign-extended when read; layers count from 0.

    Row and column of a convolution are those of :meth:`hw.arch.taxonn.maps.Convolution.place`.
    """
    return 1 << WEIGHTS | layer << LAYER | row << ROW | column << COLUMN


def register_map(config: TaxonnConfig) -> RegisterMap:
    """Return the map of a machine, with registers and weights of the layers that it has."""
    entries = [Entry(register.name, int(register), register) for register in Register]
    for i, form in enumerate(config.formats):
        rate = (Bits("ALPHA", 0, form.width - 1, LayerRegister.RATE.doc),)
        entries += [
            Entry(
                f"LAYER_{i}_{register.name}",
                layer_register(i, register),
                register,
                rate if register is LayerRegister.RATE else (),
            )
            for register in LayerRegister
        ]
    words = tuple(
        (weight_address(0, rows - 1, columns - 1) - weight_address(0, 0, 0) >> COLUMN) + 1
        for rows, columns in zip(config.pes, config.words, strict=True)
    )
    doc = "weights, sign-extended; answered while STATUS is 0"
    return RegisterMap(
        "taxonn",
        "Registers of the TaxoNN machine on its AXI4-Lite port, byte addresses of 32-bit words",
        tuple(entries),
        (Array("layer", _LAYERS, _STRIDE, config.depth, LayerRegister),),
        (Memory("WEIGHTS", weight_address(0, 0, 0), doc, _INDICES, words),),
    )
