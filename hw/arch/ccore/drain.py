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
from hw.arch.fields import Choice, Field, Word, member

from .config import CCoreConfig

__all__ = ["GRID_BITS", "DrainJob", "DrainMode", "drain_beat", "drain_request"]

#: Bits of the images, the rows, the pitch and the columns of a grid.
GRID_BITS = 12

_PORT = unsigned((PORTS - 1).bit_length())


class DrainMode(Choice, enum.Enum, shape=unsigned(3)):
    """Where the results of slot n lie: port and address; the order in which they leave."""

    DENSE = member(0, "port n mod 4, address n div 4; image by image, row by row")
    TAPS = member(1, "tap t at port TAP_PORTS[t], address n; for each image, tap by tap")
    SPLIT = member(2, "output (2y + py, 2x + px) at port ports[py][px], address n; row by row of the outputs")
    SEGMENTS = member(3, "ports 2, 0, 1 in turn for three runs of groups, each from address 0; as DENSE")
    GRADIENT = member(4, "tap t at port TAP_PORTS[t]; for each address, tap by tap")


def drain_request(config: CCoreConfig) -> Word:
    """One read of all WPUs' partial sums."""
    return Word(
        "Request",
        "One read of all WPUs' partial sums.",
        Field("enable", unsigned(1), "everything moves on; else the whole path of the drain holds"),
        Field("half", unsigned(1), "half of the partial sums"),
        Field("address", unsigned(config.psum_address_bits), "address in every WPU"),
        Field("bank", _PORT, "the port"),
    )


def drain_beat(config: CCoreConfig) -> Word:
    """One beat of results."""
    array = config.array
    sums = data.ArrayLayout(data.ArrayLayout(signed(array.acc_bits), array.wpus), array.clusters)
    return Word(
        "Beat",
        "One beat of results.",
        Field("data", sums, "[m][w], sums"),
        Field(
            "mask",
            unsigned(array.wpus),
            "[w], the WPUs whose sum is a result; none is possible (SPLIT with `odd_rows`)",
        ),
        Field("first", unsigned(1), "first beat of an image, of a tap map (TAPS) or of the job (GRADIENT)"),
        Field("last", unsigned(1), "final beat of a job that has `last`"),
    )


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
    def layout(config: CCoreConfig) -> Word:
        """Payload of the stream of jobs."""
        words = unsigned(config.psum_address_bits + 1)
        return Word(
            "Drain",
            "A job of the drain.",
            Field("mode", DrainMode, "order of the results"),
            Field("half", unsigned(1), "half of the partial sums"),
            Field("images", unsigned(GRID_BITS), "images"),
            Field("pitch", unsigned(GRID_BITS), "rows of the grid an image"),
            Field("rows", unsigned(GRID_BITS), "how many of them are results"),
            Field("columns", unsigned(GRID_BITS), "slots a row"),
            Field("odd_rows", unsigned(1), "SPLIT: the last of the rows has only its even output"),
            Field("odd_columns", unsigned(1), "SPLIT: the last of the columns has only its even output"),
            Field("ports", data.ArrayLayout(data.ArrayLayout(_PORT, 2), 2), "SPLIT: port of output parity [py][px]"),
            Field("segment", words, "SEGMENTS: groups of each of the first two runs"),
            Field("taps", unsigned(bits_for(TAPS)), "TAPS: taps that hold channels"),
            Field("words", words, "GRADIENT: addresses"),
            Field("last", unsigned(1), "whether the final beat carries `last`"),
        )

    def word(self, config: CCoreConfig) -> int:
        """The payload of the job.

        Raises
        ------
        ValueError
            If a number does not fit its field.
        """
        return self.layout(config).encode({field.name: getattr(self, field.name) for field in fields(self)})
