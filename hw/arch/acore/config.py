"""The user's configuration of the A-Core, checked once and frozen."""

from dataclasses import dataclass

from hw.arch.checks import check_integer

__all__ = ["ACORE_RANGES", "ACoreConfig"]

#: Legal range of every size of the A-Core.
ACORE_RANGES = {"apus": (1, 64), "lanes": (1, 8), "acc_bits": (32, 48)}


@dataclass(frozen=True)
class ACoreConfig:
    """Sizes of the A-Core.

    Parameters
    ----------
    apus : int
        APUs, channels in parallel.
    lanes : int
        Elements of a map in parallel.
    acc_bits : int
        Width of the sums that come in.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If it is out of the range of :data:`ACORE_RANGES`.
    """

    apus: int = 8
    lanes: int = 3
    acc_bits: int = 36

    def __post_init__(self):
        for name, (low, high) in ACORE_RANGES.items():
            check_integer(f"A-Core {name}", getattr(self, name), low, high)
