"""Benches of the decoders of shifts and constants: the controls that they give the lanes.

The test has the name of the decoder, the module under test.
"""

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge, Timer

from sim.testbench.acore.operands import SHIFTS, narrow_control, normalise_control, number, shift_control
from sim.testbench.streams import generator, start


async def _decoded(dut, inputs: dict, expected: int, mask: int = -1, rst: int = 0):
    """Give inputs, that change behind the clock's edge, and expect a control."""
    dut.rst.value = rst
    for flip in (0, -1):
        for port, value in inputs.items():
            getattr(dut, port).value = (value ^ flip) & (1 << len(getattr(dut, port))) - 1
        await (FallingEdge(dut.clk) if flip else RisingEdge(dut.clk))
    await ReadOnly()
    assert (int(dut.control.value) ^ expected) & mask == 0, f"{inputs}: {int(dut.control.value):#x}, not {expected:#x}"
    await Timer(1, "step")


@cocotb.test()
async def rescale_decode(dut):
    """Every u."""
    await start(dut)
    for u in SHIFTS:
        await _decoded(dut, {"u": u}, shift_control(u))
    await _decoded(dut, {"u": 0}, 0, rst=1)


@cocotb.test()
async def normalise_decode(dut):
    """Every shift."""
    await start(dut)
    for n in range(18):
        for used in (False, True):
            await _decoded(dut, {"n": n, "used": int(used)}, normalise_control(n, used))
    await _decoded(dut, {"n": 17, "used": 1}, 0, rst=1)


@cocotb.test()
async def narrow_decode(dut):
    """Every shift, and some factors, with and without a constant."""
    await start(dut)
    rng = generator()
    for n in range(64 * 6):
        u, scale, scales, add, adds = n % 64, rng.getrandbits(17), n % 7 == 0, number(rng, 48), rng.randrange(2)
        inputs = {"shift": u, "scale": scale, "scales": int(scales), "add": add, "adds": adds}
        control = narrow_control(u, scale if scales else None, add * adds)
        # The sign, the last bit, is read where the constant is large, the bit below.
        await _decoded(dut, inputs, control, -1 if control >> 98 & 1 else (1 << 99) - 1)
    await _decoded(dut, inputs, 0, rst=1)
