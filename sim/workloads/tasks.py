"""Phases of layers with their tensors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from sim.golden import conv
from sim.golden.pint import decode

__all__ = ["Task"]


@dataclass(frozen=True)
class Task:
    """A phase of a layer and the codes of its tensors x, w and e."""

    layer: Layer
    phase: Phase
    codes: Mapping[str, np.ndarray]

    def expected(self, config: ArrayConfig) -> np.ndarray:
        """Direct convolution of the decoded codes."""
        pint = config.pint
        decoded = {name: decode(codes, pint.k, pint.d) for name, codes in self.codes.items()}
        return conv.results(self.layer, self.phase, **decoded, acc_bits=config.acc_bits)
