"""Random writes, reads and windows of the C-Core's input network, and the lanes that come of them."""

from pathlib import Path

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig, Lanes
from sim.golden.ccore import inputs as golden

__all__ = ["golden_lanes", "random_slots", "save_slots"]


def _random_banks(rng: np.random.Generator, config: CCoreConfig, cycles: int) -> np.ndarray:
    """Banks [cycle][w][r]: kernel rows, channel groups, rows of BP at stride 2, and any base for each r."""
    w, r = np.indices((config.array.wpus, config.array.rows))
    group = config.turn * config.block // config.array.channels
    bases = rng.integers(0, config.banks, (cycles, 1, config.array.rows))
    for kind, base in enumerate((r, group * r, r == 0)):
        bases[kind::4] = base[0]
    start, stride = rng.integers(0, config.banks, (cycles, 1, 1)), rng.integers(1, 3, (cycles, 1, 1))
    return (start + stride * w + bases) % config.banks


def random_slots(rng: np.random.Generator, config: CCoreConfig, cycles: int) -> tuple[dict, dict, dict]:
    """Fields of the writes, reads and windows of all cycles; a bank is asked for one row a cycle."""
    array, codes, depth = config.array, 1 << config.array.pint.k, config.input_depth
    banks = _random_banks(rng, config, cycles)
    rows = rng.integers(0, depth, (cycles, config.banks))
    modes = [lanes for lanes in Lanes if lanes != Lanes.PACKED or array.channels > TAPS]

    def bits(*shape, share=0.7):
        return (rng.random((cycles, *shape)) < share).astype(np.int64)

    write = {
        "enable": bits(),
        "bank": rng.integers(0, config.banks, cycles),
        "address": rng.integers(0, depth, cycles),
        "data": rng.integers(0, codes, (cycles, WORD_PIXELS, array.channels)),
    }
    read = {
        "bank": banks,
        "row": rows[np.arange(cycles)[:, None, None], banks],
        "word": rng.integers(-depth, depth, cycles),
    }
    window = {
        "push": bits(),
        "lanes": rng.choice([lanes.value for lanes in modes], cycles),
        "odd": bits(share=0.5),
        "row_ok": bits(array.wpus, array.rows),
        "tap_ok": bits(TAPS),
        "pixel_ok": bits(array.channels),
    }
    return write, read, window


def golden_lanes(config: CCoreConfig, write: dict, read: dict, window: dict, latency: int) -> np.ndarray:
    """The lanes of all slots, from an empty buffer that is read `latency` cycles after a request."""
    array = config.array
    memory = np.zeros((config.banks, config.input_depth, WORD_PIXELS, array.channels), dtype=np.int64)
    writes = [
        (cycle, write["bank"][cycle], write["address"][cycle], write["data"][cycle])
        for cycle in np.flatnonzero(write["enable"])
    ]
    words = golden.words(memory, writes, read["bank"], read["row"], read["word"], latency)
    mode = window["lanes"]
    return golden.lanes(
        words, window["push"], mode, *(window[name] for name in ("odd", "row_ok", "tap_ok", "pixel_ok"))
    )


def save_slots(file: Path, rng: np.random.Generator, config: CCoreConfig, cycles: int, latency: int):
    """Write random slots and their lanes for :mod:`sim.testbench.ccore.input_network`."""
    slots = random_slots(rng, config, cycles)
    fields = {
        f"{part}.{name}": values
        for part, its in zip(("write", "read", "window"), slots, strict=True)
        for name, values in its.items()
    }
    np.savez(file, x=golden_lanes(config, *slots, latency), **fields)
