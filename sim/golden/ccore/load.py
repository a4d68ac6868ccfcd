"""What the DMA writes before a descriptor runs."""

from collections.abc import Mapping

import numpy as np

from gen.compiler.ccore.command import Command
from gen.model.layer import Phase
from hw.arch.ccore.regions import ErrorRegion

from .regions import InputWrites, WeightWrites, error_writes, input_writes, weight_writes

__all__ = ["load"]


def load(command: Command, codes: Mapping[str, np.ndarray]) -> tuple[InputWrites, WeightWrites]:
    """Writes of the input and of the weight buffer that bring a descriptor's operands.

    Parameters
    ----------
    command : Command
    codes : mapping of arrays
        Codes of the layer's whole tensors x, w and e by name: those that the phase reads.
    """
    read = codes["e" if command.phase == Phase.BP else "x"]
    rows = read[:, :, command.loaded : command.loaded + command.inputs.height]
    header, weights = command.header, command.weights
    if isinstance(weights, ErrorRegion):
        errors = error_writes(weights, codes["e"], header["pitch"], header["rows"], command.first)
        return input_writes(command.inputs, rows), errors
    return input_writes(command.inputs, rows), weight_writes(weights, codes["w"])
