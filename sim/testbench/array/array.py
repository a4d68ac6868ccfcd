"""Bench of the array: plays a program, keeps the partial sums, and compares every port in every cycle.

The parameters name the file that :mod:`sim.engine.array` wrote (`program`) and the one to write
(`result`).
"""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from hw.arch.array.control import PORTS, ArrayControl
from sim.golden.array.program import CONTROL_FIELDS
from sim.golden.conv import wrap
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS


def _control_words(program) -> list[int]:
    """Control words, from the fields of the program and the layout of the struct."""
    layout = ArrayControl
    words = np.zeros(len(program["op"]), dtype=np.int64)
    for name in CONTROL_FIELDS:
        words |= program[name].astype(np.int64) << layout[name].offset
    return [int(word) for word in words]


def _skew(values, latency: int, fill, cycles: int) -> np.ndarray:
    """values[t][m] at cycle t + latency + m."""
    skewed = np.full((cycles, *values.shape[1:]), fill, values.dtype)
    for m in range(values.shape[1]):
        skewed[latency + m : latency + m + len(values), m] = values[:, m]
    return skewed


@cocotb.test()
async def plays_program(dut):
    """Results equal golden's, port by port and cycle by cycle; `valid` is high in the predicted cycles alone.

    Random partial sums on the ports that nobody takes let their adders overflow.
    """
    program = np.load(PARAMETERS["program"])
    k, acc_bits, latency = (int(program[name]) for name in ("k", "acc_bits", "latency"))
    address, expected = program["address"], program["expected"]
    clusters, wpus = address.shape[1:3]
    cycles = len(address) + latency + clusters + 1
    inputs = {"control": _control_words(program)}
    inputs |= {name: pack(program[name], k) for name in ("x", "w", "e")}
    valid = np.repeat(program["valid"][:, None], clusters, axis=1).astype(bool)
    valid_out = _skew(valid, latency, False, cycles + 1)
    address_out = _skew(address, latency, -1, cycles + 1)
    expected_out = _skew(expected, latency, 0, cycles + 1)
    memory = program["memory"]
    rng = np.random.default_rng(int(program["seed"]))
    shape, valid_cycles = (clusters, wpus, PORTS), []
    ps_i = np.zeros(shape, dtype=np.int64)

    for name in (*inputs, "ps_i"):
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    for cycle in range(cycles):
        # Outputs of this cycle.
        now_valid = int(dut.valid.value)
        assert now_valid == int(np.sum(valid_out[cycle] << np.arange(clusters))), f"valid in cycle {cycle}"
        taken = address_out[cycle] >= 0
        if now_valid & 1:
            valid_cycles.append(cycle)
        if now_valid:
            sums = unpack(int(dut.ps_o.value), acc_bits, shape)
            overflow = unpack(int(dut.overflow.value), 1, shape) != 0
            wrong = valid_out[cycle][:, None, None] & (overflow != (ps_i + wrap(sums - ps_i, acc_bits) != sums))
            assert not wrong.any(), f"cycle {cycle}: overflow of cluster, WPU, port {np.argwhere(wrong).tolist()}"
        if taken.any():
            wrong = np.argwhere(taken & (sums != expected_out[cycle]))
            if len(wrong):
                where = tuple(wrong[0])
                word = cycle - latency - where[0]
                raise AssertionError(
                    f"cycle {cycle} (word {word}): cluster, WPU, port {where} carries {sums[where]}, "
                    f"not {expected_out[cycle][where]}; {len(wrong)} ports differ"
                )
            memory[address_out[cycle][taken]] = sums[taken]
        # Partial sums for the results of the next cycle; what nobody takes is random.
        following = address_out[cycle + 1]
        half = 1 << (acc_bits - 1)
        ps_i = np.where(following >= 0, memory[np.maximum(following, 0)], rng.integers(-half, half, shape))
        dut.ps_i.value = pack(ps_i[None], acc_bits)[0]
        for name, words in inputs.items():
            getattr(dut, name).value = words[cycle] if cycle < len(words) else 0
        await FallingEdge(dut.clk)
    np.savez(PARAMETERS["result"], memory=memory, valid_cycles=np.array(valid_cycles))
