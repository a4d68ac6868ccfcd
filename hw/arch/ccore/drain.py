"""Jobs of the drain: which results leave the partial sums, and in which order.

Slots are numbered n = g * columns + x for row group g and column x; WPU w of group g holds flat row g * wpus + w of a
grid of `pitch` rows an image, of which the first `rows` are results.
"""

from dataclasses import dataclass, fields

from amaranth.hdl import signed, unsigned
from amaranth.lib import data, enum
from amaranth.utils import bits_for

from hw.arch.array.config import TAPS
from hw.arch.array.control import PORTS

from .config import CCoreConfig

__all__ = ["GRID_BITS", "DrainJob", "DrainMode", "drain_beat", "drain_request"]

#: Bits of the rows, the pitch and the columns of a grid.
GRID_BITS = 12

_PORT = unsigned((PORTS - 1).bit_length())


class DrainMode(enum.Enum, shape=unsigned(3)):
    """Where the results of slot n lie: port and address; the order in which they leave."""

    DENSE = 0  #: port n mod 4, address n div 4; image by image, row by row
    TAPS = 1  #: tap t at port TAP_PORTS[t], address n; for each image, tap by tap
    SPLIT = 2  #: output (2y + py, 2x + px) at port ports[py][px], address n; row by row of the outputs
    SEGMENTS = 3  #: ports 2, 0, 1 in turn for three runs of groups, each from address 0; as DENSE
    GRADIENT = 4  #: tap t at port TAP_PORTS[t]; for each address, tap by tap


def drain_request(config: CCoreConfig) -> data.StructLayout:
    """One read of all WPUs' partial sums.

    enable : everything moves on; else the whole path of the drain holds
    half, address, bank : what is read, `bank` being the port
    """
    return data.StructLayout(
        {"enable": unsigned(1), "half": unsigned(1), "address": unsigned(config.psum_address_bits), "bank": _PORT}
    )


def drain_beat(config: CCoreConfig) -> data.StructLayout:
    """One beat of results.

    data : [m][w], sums
    mask : [w], the WPUs whose sum is a result; none is possible (SPLIT with `odd_rows`)
    first : first beat of an image, of a tap map (TAPS) or of the job (GRADIENT)
    last : final beat of a job that has `last`
    """
    array = config.array
    sums = data.ArrayLayout(data.ArrayLayout(signed(array.acc_bits), array.wpus), array.clusters)
    return data.StructLayout({"data": sums, "mask": unsigned(array.wpus), "first": unsigned(1), "last": unsigned(1)})


@dataclass(frozen=True, kw_only=True)
class DrainJob:
    """One job, with the same fields as the hardware's :meth:`layout`; fields that a mode does not use stay as they are.

    Parameters
    ----------
    mode : DrainMode
    half : int
        Half of the partial sums.
    images : int
    pitch, rows : int
        Rows of the grid an image, and how many of them are results; of SPLIT each is up to two rows of outputs.
    columns : int
        Slots a row.
    odd_rows, odd_columns : int
        SPLIT: the last of the rows, of the columns, has only its even output.
    ports : nested tuple
        SPLIT: port of output parity [py][px].
    segment : int
        SEGMENTS: groups of each of the first two runs.
    taps : int
        TAPS: taps that hold channels.
    words : int
        GRADIENT: addresses.
    last : int
        Whether the final beat carries `last`.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    mode: DrainMode
    half: int = 0
    images: int = 1
    pitch: int = 1
    rows: int = 1
    columns: int = 1
    odd_rows: int = 0
    odd_columns: int = 0
    ports: tuple[tuple[int, ...], ...] = ((0, 1), (2, 3))
    segment: int = 1
    taps: int = 1
    words: int = 1
    last: int = 1

    def __post_init__(self):
        object.__setattr__(self, "mode", DrainMode(self.mode))
        for name in ("images", "pitch", "rows", "columns", "segment", "taps", "words"):
            if getattr(self, name) < 1:
                raise ValueError(f"Drain {name} must be at least 1, not {getattr(self, name)!r}")
        for name, limit, most in (("rows", "pitch", self.pitch), ("taps", "the taps of a PE", TAPS)):
            if getattr(self, name) > most:
                raise ValueError(f"Drain {name} must be at most {limit}, {most}, not {getattr(self, name)!r}")

    @staticmethod
    def layout(config: CCoreConfig) -> data.StructLayout:
        """Payload of the stream of jobs."""
        words = unsigned(config.psum_address_bits + 1)
        return data.StructLayout(
            {
                "mode": DrainMode,
                "half": unsigned(1),
                "images": unsigned(max(10, bits_for(config.images))),
                "pitch": unsigned(GRID_BITS),
                "rows": unsigned(GRID_BITS),
                "columns": unsigned(GRID_BITS),
                "odd_rows": unsigned(1),
                "odd_columns": unsigned(1),
                "ports": data.ArrayLayout(data.ArrayLayout(_PORT, 2), 2),
                "segment": words,
                "taps": unsigned(bits_for(TAPS)),
                "words": words,
                "last": unsigned(1),
            }
        )

    def word(self, config: CCoreConfig) -> int:
        """The payload of the job.

        Raises
        ------
        ValueError
            If a number does not fit its field.
        """
        layout = self.layout(config)
        for name, shape in layout.members.items():
            value = getattr(self, name)
            if name not in ("mode", "ports") and not 0 <= value < 1 << shape.width:
                raise ValueError(f"Drain {name} must be 0 to {(1 << shape.width) - 1}, not {value!r}")
        if any(port not in range(PORTS) for row in self.ports for port in row):
            raise ValueError(f"Drain ports must be 0 to {PORTS - 1}, not {self.ports!r}")
        return layout.const({field.name: getattr(self, field.name) for field in fields(self)}).as_bits()
