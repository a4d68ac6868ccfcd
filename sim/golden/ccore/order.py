"""Golden model of the drain: where the results of a job lie in the partial sums, and the order in which they leave."""

from dataclasses import dataclass

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.array.control import MIXED_PORTS, TAP_PORTS
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import DrainJob, DrainMode

__all__ = ["NOTHING", "Beats", "beats", "place"]

#: Row, image, column or tap that a beat or WPU does not have.
NOTHING = -1

Index = int | np.ndarray


@dataclass(frozen=True)
class Beats:
    """The beats of a job, arrays [beat], or [beat][w] where said.

    bank, address : port and address that all WPUs read
    mask : [beat][w], the WPUs with a result; none is possible (SPLIT with `odd_rows`)
    first : first beat of an image, of a tap map (TAPS) or of the job (GRADIENT)
    last : final beat, if the job says so

    What the results are, -1 where not masked or not of this mode:

    image, x : image and column of the grid
    row : [beat][w], row of the grid within the image
    py, px : SPLIT: the output is (2 row + py, 2 x + px)
    tap : TAPS and GRADIENT
    """

    bank: np.ndarray
    address: np.ndarray
    mask: np.ndarray
    first: np.ndarray
    last: np.ndarray
    image: np.ndarray
    row: np.ndarray
    x: np.ndarray
    py: np.ndarray
    px: np.ndarray
    tap: np.ndarray

    def __len__(self):
        return len(self.bank)


def place(job: DrainJob, config: CCoreConfig, group, x, *, py: Index = 0, px: Index = 0, tap: Index = 0):
    """Port and address of the results of row group `group`, column `x`; arrays are broadcast."""
    group, x, py, px, tap = np.broadcast_arrays(group, x, py, px, tap)
    n = group * job.columns + x
    match job.mode:
        case DrainMode.DENSE:
            return n % 4, n // 4
        case DrainMode.TAPS:
            return np.array(TAP_PORTS)[tap], n
        case DrainMode.SPLIT:
            return np.array(job.ports)[py, px], n
        case DrainMode.SEGMENTS:
            ends = np.array([0, 1, 2]) * job.segment
            run = (group >= ends[1]).astype(int) + (group >= ends[2])
            return np.array([MIXED_PORTS[1], MIXED_PORTS[0], 1])[run], n - ends[run] * job.columns
    raise ValueError(f"Drain mode must be one with row groups, not {job.mode}")


def beats(job: DrainJob, config: CCoreConfig) -> Beats:
    """All beats of a job, in order.

    DENSE and SEGMENTS: image, row group, column. TAPS: image, tap, row group, column. SPLIT: image, row group, py,
    column, px. GRADIENT: address, tap. A row group that two images share leaves for each of them.

    Raises
    ------
    ValueError
        If the job does not fit its fields or the partial sums.
    """
    job.word(config)
    order = _gradient(job, config) if job.mode == DrainMode.GRADIENT else _grid(job, config)
    if order.address.max() >= config.psum_depth:
        raise ValueError(f"Drain addresses must be at most {config.psum_depth - 1}, not {order.address.max()}")
    return order


def _gradient(job: DrainJob, config: CCoreConfig) -> Beats:
    address, tap = (index.ravel() for index in np.indices((job.words, TAPS)))
    number = np.arange(len(address))
    nothing = np.full(len(address), NOTHING)
    mask = np.ones((len(address), config.array.wpus), dtype=bool)
    return Beats(
        bank=np.array(TAP_PORTS)[tap],
        address=address,
        mask=mask,
        first=number == 0,
        last=_last(job, number),
        image=nothing,
        row=np.full(mask.shape, NOTHING),
        x=nothing,
        py=nothing,
        px=nothing,
        tap=tap,
    )


def _last(job: DrainJob, number: np.ndarray) -> np.ndarray:
    return (number == len(number) - 1) & bool(job.last)


def _lines(job: DrainJob, config: CCoreConfig):
    """Yield (image, tap, group, py, first) of the runs of beats along the columns."""
    wpus = config.array.wpus
    taps = job.taps if job.mode == DrainMode.TAPS else 1
    parities = 2 if job.mode == DrainMode.SPLIT else 1
    for image in range(job.images):
        begin = image * job.pitch // wpus
        for tap in range(taps):
            for group in range(begin, (image * job.pitch + job.rows - 1) // wpus + 1):
                for py in range(parities):
                    yield image, tap, group, py, group == begin and py == 0


def _columns(job: DrainJob):
    """Column and parity of the beats of a line, [beat]."""
    parities = 2 if job.mode == DrainMode.SPLIT else 1
    x, px = (index.ravel() for index in np.indices((job.columns, parities)))
    keep = (px == 0) | (x < job.columns - 1) | (not job.odd_columns)
    return x[keep], px[keep]


def _grid(job: DrainJob, config: CCoreConfig) -> Beats:
    split = job.mode == DrainMode.SPLIT
    columns, parities = _columns(job)
    # [line][beat]
    image, tap, group, py, starts = np.array(list(_lines(job, config))).T[:, :, None]
    x, px = columns[None, :], parities[None, :]
    bank, address = (array.ravel() for array in place(job, config, group, x, py=py, px=px, tap=tap))
    indices = np.broadcast_arrays(image, tap, group, py, starts, x, px)
    image, tap, group, py, starts, x, px = (index.ravel() for index in indices)
    row = group[:, None] * config.array.wpus + np.arange(config.array.wpus) - image[:, None] * job.pitch
    rows = job.rows - (py & bool(split and job.odd_rows))
    mask = (0 <= row) & (row < rows[:, None])
    nothing = np.full(len(bank), NOTHING)
    number = np.arange(len(bank))
    return Beats(
        bank=bank,
        address=address,
        mask=mask,
        last=_last(job, number),
        first=starts.astype(bool) & (number % len(columns) == 0),
        image=image,
        row=np.where(mask, row, NOTHING),
        x=x,
        py=py if split else nothing,
        px=px if split else nothing,
        tap=tap if job.mode == DrainMode.TAPS else nothing,
    )
