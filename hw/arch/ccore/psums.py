"""What the partial sums of the C-Core do for a word of the array."""

from amaranth.hdl import unsigned
from amaranth.lib import data

from hw.arch.array.control import PORTS

from .config import CCoreConfig

__all__ = ["psum_op"]


def psum_op(config: CCoreConfig) -> data.StructLayout:
    """What happens to the results of one word of the array, all zero for none.

    half : the half that the array accumulates in
    address, address_inner : of ports 1 to 3, and of port 0
    start : [port], the sum starts from zero, else from what `address` holds
    write : [port], the sum is kept
    sum, sum_port : the kept sums of a port are final: |x| of them is summed
    live : [w], the row of the WPU counts in the sums of |x|
    flush : [w], the WPU's sum of |x|, this word's included, goes into the map's; the next word starts a new one
    final : [w], with `flush`: the map's sum is complete with the rows of the WPU
    active : clusters below it have a channel, and their overflow counts
    """
    array = config.array
    address = unsigned(config.psum_address_bits)
    return data.StructLayout(
        {
            "half": unsigned(1),
            "address": address,
            "address_inner": address,
            "start": unsigned(PORTS),
            "write": unsigned(PORTS),
            "sum": unsigned(1),
            "sum_port": range(PORTS),
            "live": unsigned(array.wpus),
            "flush": unsigned(array.wpus),
            "final": unsigned(array.wpus),
            "active": range(array.clusters + 1),
        }
    )
