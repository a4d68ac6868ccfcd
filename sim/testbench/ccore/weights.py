"""Bench of the weight buffer: a write and a read in every cycle, and blocks that are read in both directions."""

import itertools

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.ccore.config import CCoreConfig, Shuffle
from hw.arch.ccore.weights import weight_read, weight_write
from sim.golden.ccore import weights as golden
from sim.rtl.bits import pack
from sim.rtl.parameters import PARAMETERS, SEED

CONFIG = CCoreConfig(ArrayConfig(*PARAMETERS["array"]), weight_depth=PARAMETERS["depth"])
CYCLES, LATENCY = PARAMETERS["cycles"], PARAMETERS["latency"]
CLUSTERS, K = CONFIG.array.clusters, CONFIG.array.pint.k


class Driver:
    """Gives a read and a write a cycle, and compares the outputs of the read of LATENCY cycles before.

    Parameters
    ----------
    dut
        The weight buffer.
    """

    def __init__(self, dut):
        self._dut, self._due = dut, [{}] * (LATENCY - 1)
        self._layouts = {"write": weight_write(CONFIG), "read": weight_read(CONFIG)}

    async def start(self):
        """Start the clock; reads and writes are none."""
        self._dut.read.value = self._dut.write.value = 0
        if hasattr(self._dut, "rst"):
            self._dut.rst.value = 0
        Clock(self._dut.clk, 2, unit="ns").start()
        await FallingEdge(self._dut.clk)

    async def cycle(self, *, write=None, read=None, **expected):
        """Ask for a write and a read; `expected` are `w` or `e`, or both, of the read."""
        for name, fields in (("write", write), ("read", read)):
            layout = self._layouts[name]
            getattr(self._dut, name).value = layout.const(fields or {}).as_value().value
        self._due.append({name: pack(codes[None], K)[0] for name, codes in expected.items()})
        await FallingEdge(self._dut.clk)
        for name, word in self._due.pop(0).items():
            got = int(getattr(self._dut, name).value)
            assert got == word, f"{name} is {got:#x}, not {word:#x}"

    async def flush(self):
        """Let the last reads arrive."""
        for _ in range(LATENCY):
            await self.cycle()


def writing(row, column, address, turn, codes) -> dict:
    """Fields of a write."""
    codes = [int(code) for code in codes]
    return {"enable": 1, "row": row, "column": column, "address": address, "turn": turn, "data": codes}


@cocotb.test()
async def reads_overlap_writes(dut):
    """Random reads and writes at once: golden's codes, and the old one where both meet."""
    rng = np.random.default_rng(SEED)
    driver, banks, meetings = Driver(dut), golden.memory(CONFIG), 0
    await driver.start()
    for _ in range(CYCLES):
        transposed = bool(rng.integers(2))
        address = int(rng.integers(CONFIG.weight_depth - (CLUSTERS - 1) * transposed))
        turn, shuffle, column = int(rng.integers(CLUSTERS)), Shuffle(int(rng.integers(len(Shuffle)))), 0
        if rng.random() < 0.4:
            turn, shuffle, column = 0, Shuffle.DIRECT, int(rng.integers(TAPS))
        read = {"address": address, "transposed": transposed, "turn": turn, "shuffle": shuffle, "column": column}
        groups, expected = golden.lanes(banks, address=address, transposed=transposed, turn=turn), {}
        if column == 0:
            expected["w"] = golden.chains(groups, shuffle, CONFIG)
        if turn == 0 and shuffle == Shuffle.DIRECT:
            expected["e"] = golden.errors(groups, column, CONFIG)
        write = None
        if rng.random() < 0.7:
            # Often the address that is read, in the same cycle.
            place = address if rng.random() < 0.2 else int(rng.integers(CONFIG.weight_depth))
            meetings += place == address
            row, group, turn = (int(rng.integers(n)) for n in (CONFIG.tap_rows, TAPS, CLUSTERS))
            codes = rng.integers(0, 1 << K, CLUSTERS)
            write = writing(row, group, place, turn, codes)
            golden.write(banks, row=row, column=group, address=place, turn=turn, data=codes)
        await driver.cycle(write=write, read=read, **expected)
    await driver.flush()
    assert meetings > CYCLES // 20


def source(shuffle: Shuffle, r: int, k: int) -> tuple[int, int]:
    """Tap group that chain (r, k) takes."""
    blocks = min(CONFIG.array.rows, TAPS)
    swapped = (k, r) if max(r, k) < blocks else (r, k)
    groups = ((r, k), (r, 2 - k), swapped, (0 if r == 1 else r, k))
    return dict(zip(Shuffle, groups, strict=True))[shuffle]


@cocotb.test()
async def blocks_read_in_both_directions(dut):
    """A block W(o, i) in every tap group: read by input channel it is W, by output channel its transpose."""
    rng = np.random.default_rng(SEED)
    driver = Driver(dut)
    await driver.start()
    base = int(rng.integers(CONFIG.weight_depth - CLUSTERS + 1))
    stored = rng.integers(0, 1 << K, (CONFIG.tap_rows, TAPS, CLUSTERS, CLUSTERS))
    for row, column, i in np.ndindex(CONFIG.tap_rows, TAPS, CLUSTERS):
        await driver.cycle(write=writing(row, column, base + i, i, stored[row, column, :, i]))
    for shuffle, n in itertools.product(Shuffle, range(CLUSTERS)):
        chosen = np.stack([[stored[source(shuffle, r, k)] for k in range(TAPS)] for r in range(CONFIG.array.rows)])
        read = {"turn": n, "shuffle": shuffle, "column": 0}
        by_input, by_output = (np.moveaxis(codes, 2, 0) for codes in (chosen[..., n], chosen[..., n, :]))
        await driver.cycle(read={**read, "address": base + n, "transposed": 0}, w=by_input)
        await driver.cycle(read={**read, "address": base, "transposed": 1}, w=by_output)
    await driver.flush()


@cocotb.test()
async def errors_read_by_slot(dut):
    """Errors of slot n, in column n mod 3 (kernels) or by blocks of channels (1x1)."""
    rng = np.random.default_rng(SEED)
    driver, wpus = Driver(dut), CONFIG.array.wpus
    await driver.start()
    stored = rng.integers(0, 1 << K, (wpus, 4 * TAPS, CLUSTERS))
    for w, n in np.ndindex(*stored.shape[:2]):
        await driver.cycle(write=writing(w, n % TAPS, n // TAPS, 0, stored[w, n]))
    for n in range(4 * TAPS):
        read = {"address": n // TAPS, "transposed": 0, "turn": 0, "shuffle": Shuffle.DIRECT, "column": n % TAPS}
        taps = [n, *(n - n % TAPS + k for k in range(1, TAPS))]
        await driver.cycle(read=read, e=np.moveaxis(stored[:, taps], (0, 1, 2), (2, 1, 0)))
    await driver.flush()
