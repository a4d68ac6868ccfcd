"""Bench of the sum tree: random sums, and a random mode in every cycle."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from hw.arch.array.config import TAPS
from hw.arch.array.control import MIXED_PORTS, PORTS, SPLIT_PORTS, TAP_PORTS, Ports
from sim.golden.array.array import stationary_ports
from sim.golden.conv import wrap
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS, SEED

#: Ports that carry a defined value in each mode.
USED = {
    Ports.TOTAL: list(range(PORTS)),
    Ports.SPLIT: sorted(SPLIT_PORTS.values()),
    Ports.TAPS: list(TAP_PORTS),
    Ports.MIXED: list(MIXED_PORTS),
    Ports.GRADIENT: list(TAP_PORTS),
}


@cocotb.test()
async def sums_in_every_mode(dut):
    """ps_o = the mode's sums of q `latency` cycles before, plus ps_i of the cycle before; `overflow` where it wraps."""
    rows, acc_bits, latency = (PARAMETERS[name] for name in ("rows", "acc_bits", "latency"))
    cycles = PARAMETERS.get("cycles", 3000)
    rng = np.random.default_rng(SEED)
    half = 1 << (acc_bits - 1)
    q = rng.integers(-half, half, (cycles, rows, TAPS))
    ps_i, gradient = rng.integers(-half, half, (cycles, PORTS)), rng.integers(-half, half, (cycles, TAPS))
    modes, unseen = rng.integers(0, len(Ports), cycles), rng.integers(0, 2, (cycles, TAPS))
    words = {"q": pack(q, acc_bits), "ps_i": pack(ps_i, acc_bits), "gradient": pack(gradient, acc_bits)}
    words["gradient_overflow"] = pack(unseen, 1)

    Clock(dut.clk, 10, unit="ns").start()
    if hasattr(dut, "rst"):
        dut.rst.value = 0
    await FallingEdge(dut.clk)
    for cycle in range(cycles):
        # The word of `latency` cycles ago comes out after this edge.
        dut.ports.value = int(modes[cycle])
        for name, values in words.items():
            getattr(dut, name).value = values[cycle]
        await FallingEdge(dut.clk)
        start = cycle + 1 - latency
        if start < 0:
            continue
        mode = Ports(int(modes[start]))
        if mode == Ports.GRADIENT:
            expected = np.zeros(PORTS, dtype=np.int64)
            expected[list(TAP_PORTS)] = gradient[cycle]
        else:
            expected = stationary_ports(q[start][None, None, None], mode)[0, 0, 0]
        whole = wrap(expected, acc_bits) + ps_i[cycle]
        expected = wrap(whole, acc_bits)
        overflow = expected != whole
        if mode == Ports.GRADIENT:
            overflow[list(TAP_PORTS)] |= unseen[cycle].astype(bool)
        sums = unpack(int(dut.ps_o.value), acc_bits, (PORTS,))
        for port in USED[mode]:
            assert sums[port] == expected[port], f"cycle {cycle}: {mode.name} port {port} is {sums[port]}"
            assert int(dut.overflow.value) >> port & 1 == overflow[port], f"cycle {cycle}: {mode.name} overflow {port}"
