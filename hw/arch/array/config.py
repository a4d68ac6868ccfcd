"""The user's configuration of the PE array, checked once and frozen."""

import enum
from dataclasses import dataclass, field

from hw.arch.pint import PintFormat

from ..checks import ConfigError, check_integer

__all__ = ["ArrayConfig", "MacForm", "ARRAY_RANGES", "TAPS"]

#: MACs of one PE, that is kernel taps of one row (ETA, Section IV-B.2).
TAPS = 3

#: Legal range of every size, the one source for checks, help texts and documents.
ARRAY_RANGES = {
    "clusters": (1, 64),
    "wpus": (1, 16),
    "rows": (1, 16),
    "channels": (1, 64),
    "acc_bits": (32, 48),
}


class MacForm(enum.StrEnum):
    """How a MAC is built; all forms give the same bits."""

    DSP = "dsp"
    SHIFT = "shift"
    GENERIC = "generic"


@dataclass(frozen=True)
class ArrayConfig:
    """Sizes and arithmetic of the array `clusters x wpus x rows x channels`, three MACs a PE.

    Parameters
    ----------
    clusters : int
        PE clusters: output channels in parallel (index m).
    wpus : int
        Window processing units a cluster: output rows in parallel (w).
    rows : int
        PE rows a WPU: kernel rows in parallel (r).
    channels : int
        PE columns a WPU: input channels in parallel (c).
    pint : PintFormat
        Number format of the codes.
    mac : MacForm
        Form of the MAC.
    acc_bits : int
        Width of the accumulators and partial sums; sums are modulo 2^acc_bits.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ConfigError
        If a size is out of the range of :data:`ARRAY_RANGES` or the form of the MAC is unknown.
    """

    clusters: int = 8
    wpus: int = 3
    rows: int = 3
    channels: int = 8
    pint: PintFormat = field(default_factory=PintFormat)
    mac: MacForm = MacForm.DSP
    acc_bits: int = 36

    def __post_init__(self):
        for name, (low, high) in ARRAY_RANGES.items():
            check_integer(f"Array {name}", getattr(self, name), low, high)
        if not isinstance(self.pint, PintFormat):
            raise TypeError(f"Array pint must be a PintFormat, not {self.pint!r}")
        try:
            object.__setattr__(self, "mac", MacForm(self.mac))
        except ValueError:
            forms = ", ".join(MacForm)
            raise ConfigError(f"Array mac must be one of {forms}, not {self.mac!r}") from None

    @property
    def pes(self) -> int:
        """PEs of the array."""
        return self.clusters * self.wpus * self.rows * self.channels

    @property
    def macs(self) -> int:
        """MACs of the array, the most products a cycle."""
        return TAPS * self.pes

    @property
    def beats(self) -> int:
        """Cycles a column of weight gradients needs to leave through the WPU ports: ceil(rows / wpus)."""
        return -(-self.rows // self.wpus)

    def __str__(self):
        return f"{self.clusters}x{self.wpus}x{self.rows}x{self.channels}"
