"""Bench of the cross-WPU sums: random sums, and a random beat in every cycle."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from hw.arch.array.config import TAPS
from sim.golden.conv import wrap
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS, SEED


def added(q, beat: int, acc_bits: int):
    """sum[w][k] of q [v][r][k] by pairs of neighbours, level by level, and whether one of the additions wraps."""
    wpus, rows = q.shape[:2]
    sums, wraps = np.zeros((wpus, TAPS), dtype=np.int64), np.zeros((wpus, TAPS), dtype=bool)
    for w in range(min(wpus, rows)):
        terms = q[:, min(w + beat * wpus, max(range(w, rows, wpus)))]
        while len(terms) > 1:
            whole = np.stack([terms[i : i + 2].sum(axis=0) for i in range(0, len(terms), 2)])
            terms = wrap(whole, acc_bits)
            wraps[w] |= (terms != whole).any(axis=0)
        sums[w] = terms[0]
    return sums, wraps


@cocotb.test()
async def sums_and_overflow(dut):
    """`sum` and `overflow` follow q and the beat of `latency` cycles before; beats without a row repeat the last."""
    wpus, rows, acc_bits, latency = (PARAMETERS[name] for name in ("wpus", "rows", "acc_bits", "latency"))
    cycles = 1000
    rng = np.random.default_rng(SEED)
    # Of several sizes, so that no addition, one or more wrap.
    half = 1 << (acc_bits - 1)
    q = rng.integers(-half, half, (cycles, wpus, rows, TAPS)) >> rng.choice([0, 0, 1, 2], (cycles, 1, 1, TAPS))
    beats = rng.integers(0, -(-rows // wpus), cycles)
    words, found = pack(q, acc_bits), set()

    Clock(dut.clk, 10, unit="ns").start()
    if hasattr(dut, "rst"):
        dut.rst.value = 0
    await FallingEdge(dut.clk)
    for cycle in range(cycles):
        dut.q.value, dut.beat.value = words[cycle], int(beats[cycle])
        await FallingEdge(dut.clk)
        start = cycle + 1 - latency
        if start < 0:
            continue
        beat = int(beats[start])
        sums, wraps = added(q[start], beat, acc_bits)
        now = unpack(int(dut.sum.value), acc_bits, (wpus, TAPS))
        seen = unpack(int(dut.overflow.value), 1, (wpus, TAPS)) != 0
        assert (now == sums).all(), f"cycle {cycle}: sums {now}, not {sums}"
        assert (seen == wraps).all(), f"cycle {cycle}: overflow {seen}, not {wraps}"
        found |= set(seen.ravel().tolist())
    assert found == ({False, True} if wpus > 1 else {False})
