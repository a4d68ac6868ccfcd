"""One pass as the pass generator hands it to the slot engine."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data
from amaranth.utils import bits_for

from hw.arch.array.control import PORTS, Ports
from hw.arch.ccore.config import CCoreConfig, Lanes, Shuffle
from hw.arch.ccore.descriptor import ENTRY, HEADER, Error
from hw.arch.ccore.drain import DrainJob

__all__ = ["HEADER_FIELDS", "Kept", "record_layout", "sums_bits"]

#: Fields that a pass takes from its header and from its entry as they are.
HEADER_FIELDS = ("stride2", "pitch", "rows", "read_rows", "columns", "read_columns", "row_step", "tag")
ENTRY_FIELDS = (
    "lead",
    "newest",
    "spread",
    "write",
    "taps",
    "row_groups",
    "left",
    "row",
    "shared_row",
    "shared_left",
    "idle",
)


class Kept(data.StructLayout):
    """Address steps of the header, cut to the buffers' widths."""

    def __init__(self, config: CCoreConfig):
        address = unsigned(config.input_address_bits)
        super().__init__({"row_pitch": address, "row_advance": address, "bank_advance": range(max(config.banks, 2))})


def sums_bits(config: CCoreConfig) -> int:
    """Bits of a number of sums of |x| that wait."""
    return bits_for(config.images)


def record_layout(config: CCoreConfig) -> data.StructLayout:
    """A pass.

    error : the descriptor is skipped, this is its only record
    end : last pass of a descriptor; begins : first pass of an output block (of all, for a gradient)
    drains : last pass of a block that is drained; job : the drain's job
    sums : sums of |x| that the block gives
    gradient, point, transposed : phase and kind
    bank, address : [row] of the array, WPU 0 of the first row group
    psum, shared_psum : first partial sums; start : ports that start from zero
    sum : as in the entry, or none
    w_address, w_turn : of channel `channels` - 1, or of the first error
    """
    array = config.array
    psum = unsigned(config.psum_address_bits)
    members = {name: HEADER.members[name] for name in HEADER_FIELDS}
    members |= {name: ENTRY.members[name] for name in ENTRY_FIELDS}
    members |= {
        "error": Error,
        "end": 1,
        "begins": 1,
        "drains": 1,
        "gradient": 1,
        "point": 1,
        "transposed": 1,
        "used": unsigned(array.rows),
        "sums": unsigned(sums_bits(config)),
        "lanes": Lanes,
        "ports": Ports,
        "shuffle": Shuffle,
        "steps": Kept(config),
        "bank": data.ArrayLayout(range(max(config.banks, 2)), array.rows),
        "address": data.ArrayLayout(unsigned(config.input_address_bits), array.rows),
        "offset": data.ArrayLayout(signed(8), array.rows),
        "psum": psum,
        "shared_psum": psum,
        "start": unsigned(PORTS),
        "sum": unsigned(3),
        "w_address": unsigned(config.weight_address_bits),
        "w_turn": range(max(array.clusters, 2)),
        "w_pitch": unsigned(config.weight_address_bits),
        "job": DrainJob.layout(config),
    }
    return data.StructLayout(members)
