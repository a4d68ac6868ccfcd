"""What the partial sums of the C-Core do for a word of the array."""

from amaranth.hdl import unsigned

from hw.arch.array.control import PORTS
from hw.arch.fields import Field, Word

from .config import CCoreConfig

__all__ = ["psum_op"]


def psum_op(config: CCoreConfig) -> Word:
    """What happens to the results of one word of the array, all zero for none."""
    array = config.array
    address = unsigned(config.psum_address_bits)
    return Word(
        "PsumOp",
        "What happens to the results of one word of the array.",
        Field("half", unsigned(1), "the half that the array accumulates in"),
        Field("address", address, "of ports 1 to 3"),
        Field("address_inner", address, "of port 0"),
        Field("start", unsigned(PORTS), "[port], the sum starts from zero, else from what `address` holds"),
        Field("write", unsigned(PORTS), "[port], the sum is kept"),
        Field("sum", unsigned(1), "the kept sums of a port are final: |x| of them is summed"),
        Field("sum_port", range(PORTS), "that port"),
        Field("live", unsigned(array.wpus), "[w], the row of the WPU counts in the sums of |x|"),
        Field(
            "flush",
            unsigned(array.wpus),
            "[w], the WPU's sum of |x|, this word's included, goes into the map's; the next word starts a new one",
        ),
        Field("final", unsigned(array.wpus), "[w], with `flush`: the map's sum is complete with the rows of the WPU"),
        Field("active", range(array.clusters + 1), "clusters below it have a channel, and their overflow counts"),
    )
