"""What the weight buffer is asked for: the one source of the layouts of its writes and reads."""

from amaranth.hdl import unsigned
from amaranth.lib import data

from hw.arch.array.config import TAPS

from .config import CCoreConfig, Shuffle

__all__ = ["weight_read", "weight_write"]


def weight_write(config: CCoreConfig) -> data.StructLayout:
    """A write of `clusters` codes.

    enable : there is a write
    row, column : tap group
    address : in every sub-bank of it
    turn : channel j of the block goes to sub-bank (j + turn) mod clusters
    data : codes of the channels
    """
    array = config.array
    return data.StructLayout(
        {
            "enable": unsigned(1),
            "row": range(config.tap_rows),
            "column": range(TAPS),
            "address": unsigned(config.weight_address_bits),
            "turn": range(max(array.clusters, 2)),
            "data": data.ArrayLayout(unsigned(array.pint.k), array.clusters),
        }
    )


def weight_read(config: CCoreConfig) -> data.StructLayout:
    """A read of all tap groups.

    address : of every sub-bank, or of channel 0 of the block if `transposed`
    transposed : sub-bank s reads address + ((s - turn) mod clusters)
    turn : lane m is sub-bank (m + turn) mod clusters
    shuffle : tap group of each chain
    column : tap group of tap 0 of the errors; 0 where weights are read
    """
    return data.StructLayout(
        {
            "address": unsigned(config.weight_address_bits),
            "transposed": unsigned(1),
            "turn": range(max(config.array.clusters, 2)),
            "shuffle": Shuffle,
            "column": range(TAPS),
        }
    )
