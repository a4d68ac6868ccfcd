"""The drain's golden order: every result of a job once, in plain nested order, from where it was stored."""

import numpy as np
import pytest

from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.drain import DrainJob, DrainMode
from sim.golden.ccore.order import beats, place

GRIDS = [
    {"images": 3, "pitch": 4, "rows": 4, "columns": 5},
    {"images": 4, "pitch": 5, "rows": 3, "columns": 1},
    {"images": 1, "pitch": 7, "rows": 7, "columns": 2},
    {"images": 7, "pitch": 1, "rows": 1, "columns": 1},
    {"images": 2, "pitch": 11, "rows": 2, "columns": 3},
]
SIZES = [(1, 1), (3, 3), (2, 3), (4, 2)]


def config(wpus, rows, psum_depth=256):
    return CCoreConfig(array=ArrayConfig(clusters=2, wpus=wpus, rows=rows, channels=2), psum_depth=psum_depth)


def stored(job, cfg):
    """Where a plain walk over the slots puts the results: {(bank, address, w): (image, row, x, py, px, tap)}."""
    wpus, memory = cfg.array.wpus, {}
    for flat in range(job.images * job.pitch):
        image, row = divmod(flat, job.pitch)
        group, w = divmod(flat, wpus)
        for x in range(job.columns):
            n = group * job.columns + x
            if job.mode == DrainMode.DENSE:
                memory[n % 4, n // 4, w] = (image, row, x, -1, -1, -1)
            elif job.mode == DrainMode.TAPS:
                for tap, port in enumerate((1, 0, 3)):
                    memory[port, n, w] = (image, row, x, -1, -1, tap)
            elif job.mode == DrainMode.SPLIT:
                for py in (0, 1):
                    for px in (0, 1):
                        memory[job.ports[py][px], n, w] = (image, row, x, py, px, -1)
            else:
                run = min(group // job.segment, 2)
                port, base = (2, 0, 1)[run], run * job.segment
                memory[port, n - base * job.columns, w] = (image, row, x, -1, -1, -1)
    return memory


def wanted(job, wpus):
    """Beats as lists of results, None where a WPU has none, in plain nested order."""
    taps = range(job.taps) if job.mode == DrainMode.TAPS else (-1,)
    parities = (0, 1) if job.mode == DrainMode.SPLIT else (-1,)
    order = []
    for image in range(job.images):
        for tap in taps:
            rows = range(image * job.pitch, image * job.pitch + job.rows)
            for group in sorted({row // wpus for row in rows}):
                for py in parities:
                    for x in range(job.columns):
                        for px in parities:
                            if px == 1 and job.odd_columns and x == job.columns - 1:
                                continue
                            beat = []
                            for flat in range(group * wpus, (group + 1) * wpus):
                                gone = py == 1 and job.odd_rows and flat == rows[-1]
                                row = flat - image * job.pitch
                                beat.append((image, row, x, py, px, tap) if flat in rows and not gone else None)
                            order.append(beat)
    return order


def check(job, cfg):
    memory, order = stored(job, cfg), beats(job, cfg)
    found = [
        [memory[int(bank), int(address), w] if mask[w] else None for w in range(cfg.array.wpus)]
        for bank, address, mask in zip(order.bank, order.address, order.mask)
    ]
    assert found == wanted(job, cfg.array.wpus)
    names = [
        [(*(int(v) for v in (image, row[w], *rest)),) if row[w] >= 0 else None for w in range(cfg.array.wpus)]
        for image, row, *rest in zip(order.image, order.row, order.x, order.py, order.px, order.tap)
    ]
    assert names == found
    maps = [(int(image), int(tap)) for image, tap in zip(order.image, order.tap)]
    assert order.first.tolist() == [n == 0 or maps[n] != maps[n - 1] for n in range(len(maps))]
    assert order.last.tolist() == [n == len(order) - 1 for n in range(len(order))]
    groups, x = (np.repeat(np.arange(2), 2), np.array([0, job.columns - 1] * 2))
    assert all(len(part) == 4 for part in place(job, cfg, groups, x))


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("wpus, rows", SIZES)
def test_every_result_leaves_in_order(grid, wpus, rows):
    cfg = config(wpus, rows)
    check(DrainJob(mode=DrainMode.DENSE, **grid), cfg)
    for taps in (1, 2, 3):
        check(DrainJob(mode=DrainMode.TAPS, taps=taps, **grid), cfg)
    for odd in range(4):
        split = {"odd_rows": odd >> 1, "odd_columns": odd & 1, "ports": ((3, 2), (0, 1))}
        check(DrainJob(mode=DrainMode.SPLIT, **split, **grid), cfg)
    for segment in (1, 2, 5):
        check(DrainJob(mode=DrainMode.SEGMENTS, segment=segment, **grid), cfg)


def test_gradients_leave_address_by_address():
    order = beats(DrainJob(mode=DrainMode.GRADIENT, words=3), config(3, 3))
    assert order.address.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert order.bank.tolist() == [1, 0, 3] * 3
    assert order.tap.tolist() == [0, 1, 2] * 3
    assert order.mask.all()
    assert order.first.tolist() == [True] + [False] * 8
    assert order.last.tolist() == [False] * 8 + [True]


def test_a_job_that_is_not_the_last_part_of_a_map_has_no_last():
    assert not beats(DrainJob(mode=DrainMode.DENSE, last=0), config(1, 1)).last.any()


def test_the_word_holds_every_field():
    cfg = config(3, 3)
    job = DrainJob(
        mode=DrainMode.SPLIT,
        half=1,
        images=5,
        pitch=4000,
        rows=3999,
        columns=4001,
        odd_rows=1,
        odd_columns=0,
        ports=((3, 1), (0, 2)),
        segment=256,
        taps=3,
        words=255,
        last=0,
    )
    found = DrainJob.layout(cfg).from_bits(job.word(cfg))
    assert found.ports.as_value().value == 3 | 1 << 2 | 0 << 4 | 2 << 6
    names = [name for name in DrainJob.layout(cfg).members if name not in ("mode", "ports")]
    assert [found[name] for name in names] == [getattr(job, name) for name in names]
    assert found.mode == DrainMode.SPLIT


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"images": 0}, "Drain images must be at least 1, not 0"),
        ({"rows": 2}, "Drain rows must be at most pitch, 1, not 2"),
        ({"taps": 4}, "Drain taps must be at most the taps of a PE, 3, not 4"),
        ({"pitch": 4096}, "Drain pitch must be 0 to 4095, not 4096"),
        ({"ports": ((0, 1), (2, 4))}, "Drain ports[1][1] must be 0 to 3, not 4"),
        ({"columns": 1025}, "Drain addresses must be at most 255, not 256"),
    ],
)
def test_wrong_job(fields, message):
    with pytest.raises(ValueError) as error:
        beats(DrainJob(mode=DrainMode.DENSE, **fields), config(1, 2))
    assert str(error.value) == message


def test_a_gradient_has_no_row_groups():
    with pytest.raises(ValueError, match=r"^Drain mode must be one with row groups, not DrainMode\.GRADIENT$"):
        place(DrainJob(mode=DrainMode.GRADIENT), config(1, 1), 0, 0)
