"""Bench of the PE: random operands and a random mode in every cycle, against the register model."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from hw.arch.array.cell import AddTo, CellControl
from hw.arch.array.config import TAPS
from sim.golden.array.pe import PeModel
from sim.golden.pint import decode
from sim.rtl.parameters import PARAMETERS, SEED


def _signed(value, width: int) -> int:
    value = int(value)
    return value - (1 << width) if value >> (width - 1) else value


@cocotb.test()
async def follows_the_register_model(dut):
    """b_out and p equal the model's in every cycle, the modes changing at random."""
    form, head = PARAMETERS["form"], PARAMETERS["head"]
    (k, d), acc_bits = PARAMETERS["pint"], PARAMETERS["acc_bits"]
    rng = random.Random(SEED)
    # What the operand ports of this form take, with its value: all codes, or all values.
    decoded = [int(t) for t in decode(range(1 << k), k, d)]
    operands = list(enumerate(decoded)) if form == "shift" else [(t, t) for t in sorted(set(decoded))]
    extremes = [pair for pair in operands if pair[1] in (min(decoded), max(decoded), -1, 0, 1)]
    layout, model = CellControl, PeModel(head=head, acc_bits=acc_bits)

    def port(name, tap):
        return getattr(dut, f"{name}__{tap}")

    for tap in range(TAPS):
        port("x", tap).value = 0
        port("b", tap).value = 0
        if not head:
            port("p_in", tap).value = 0
    # Zeros through all registers: the state at power-up does not count.
    dut.control.value = (1 << layout["load_b1"].offset) | (1 << layout["load_b2"].offset)
    if hasattr(dut, "rst"):
        dut.rst.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(5):
        await FallingEdge(dut.clk)
    p_width, b_width = len(port("p_out", 0)), len(port("b_out", 0))
    for cycle in range(PARAMETERS.get("cycles", 4000)):
        step = {
            "multiply": rng.randrange(2),
            "add_to": rng.choice(("ZERO", "CASCADE", "CASCADE", "SUM", "SUM", "SUM")),
            "load_b1": rng.randrange(2),
            "load_b2": rng.randrange(2),
        }
        x, b = ([rng.choice(rng.choice((extremes, operands, operands))) for _ in range(TAPS)] for _ in range(2))
        p_in = [rng.getrandbits(acc_bits) - (1 << (acc_bits - 1)) for _ in range(TAPS)]
        word = AddTo[step["add_to"]].value << layout["add_to"].offset
        for name in ("multiply", "load_b1", "load_b2"):
            word |= step[name] << layout[name].offset
        dut.control.value = word
        for tap in range(TAPS):
            port("x", tap).value = x[tap][0] & ((1 << len(port("x", tap))) - 1)
            port("b", tap).value = b[tap][0] & ((1 << len(port("b", tap))) - 1)
            if not head:
                port("p_in", tap).value = p_in[tap] & ((1 << p_width) - 1)
        await FallingEdge(dut.clk)
        model.step(x=[t for _, t in x], b=[t for _, t in b], p_in=p_in, **step)
        for tap in range(TAPS):
            sums = (_signed(port("p", tap).value, acc_bits), _signed(port("p_out", tap).value, p_width))
            low = (1 << acc_bits) - 1
            assert sums[0] == model.p[tap], f"cycle {cycle}: p[{tap}] is {sums[0]}, not {model.p[tap]}"
            assert (sums[1] - sums[0]) & low == 0, f"cycle {cycle}: p_out[{tap}] is {sums[1]}, p is {sums[0]}"
            chained = int(port("b_out", tap).value)
            chained = decoded[chained] if form == "shift" else _signed(chained, b_width)
            assert chained == model.b1[tap], f"cycle {cycle}: b_out[{tap}] is {chained}, not {model.b1[tap]}"
