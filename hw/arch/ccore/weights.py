"""What the weight buffer is asked for: the one source of the layouts of its writes and reads."""

from amaranth.hdl import unsigned
from amaranth.lib import data

from hw.arch.array.config import TAPS
from hw.arch.fields import Field, Word

from .config import CCoreConfig, Shuffle

__all__ = ["weight_read", "weight_write"]


def weight_write(config: CCoreConfig) -> Word:
    """A write of `clusters` codes."""
    array = config.array
    return Word(
        "WeightWrite",
        "A write of `clusters` codes.",
        Field("enable", unsigned(1), "there is a write"),
        Field("row", range(config.tap_rows), "row of the tap group"),
        Field("column", range(TAPS), "column of the tap group"),
        Field("address", unsigned(config.weight_address_bits), "address in every sub-bank of it"),
        Field("turn", range(max(array.clusters, 2)), "channel j of the block goes to sub-bank (j + turn) mod clusters"),
        Field("data", data.ArrayLayout(unsigned(array.pint.k), array.clusters), "codes of the channels"),
    )


def weight_read(config: CCoreConfig) -> Word:
    """A read of all tap groups."""
    return Word(
        "WeightRead",
        "A read of all tap groups.",
        Field(
            "address",
            unsigned(config.weight_address_bits),
            "address in every sub-bank, or of channel 0 of the block if `transposed`",
        ),
        Field("transposed", unsigned(1), "sub-bank s reads address + ((s - turn) mod clusters)"),
        Field("turn", range(max(config.array.clusters, 2)), "lane m is sub-bank (m + turn) mod clusters"),
        Field("shuffle", Shuffle, "tap group of each chain"),
        Field("column", range(TAPS), "tap group of tap 0 of the errors; 0 where weights are read"),
    )
