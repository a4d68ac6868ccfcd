"""Bench of the C-Core's input network: a write and a request in every cycle, and the lanes that come of them.

The parameters are the file with the fields of the inputs and the lanes expected (`slots`), the sizes of the array
(`array`: clusters, wpus, rows, channels), the depth of a bank (`depth`) and the latency (`latency`).
"""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.inputs import input_control, input_write
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import start
from sim.testbench.structs import struct_words


@cocotb.test()
async def lanes_are_golden(dut):
    """The lanes of every slot, `LATENCY` cycles after its control."""
    config = CCoreConfig(array=ArrayConfig(*PARAMETERS["array"]), input_depth=PARAMETERS["depth"])
    latency, code = PARAMETERS["latency"], config.array.pint.k
    fields = np.load(PARAMETERS["slots"])
    parts = {name: {} for name in ("write", "read", "window")}
    for key in fields.files:
        if "." in key:
            part, name = key.split(".")
            parts[part][name] = fields[key]
    writes = struct_words(input_write(config), parts.pop("write"))
    controls = struct_words(input_control(config), parts)
    x = fields["x"]
    expected = pack(x, code)

    await start(dut, write=0, control=0)
    for cycle in range(len(controls) + latency):
        if cycle < len(controls):
            dut.write.value, dut.control.value = writes[cycle], controls[cycle]
        slot = cycle - latency
        if slot >= 0 and int(dut.x.value) != expected[slot]:
            lanes = unpack(int(dut.x.value), code, x.shape[1:]) & (1 << code) - 1
            where = tuple(np.argwhere(lanes != x[slot])[0])
            raise AssertionError(f"slot {slot}: lane {where} is {lanes[where]}, not {x[slot][where]}")
        await FallingEdge(dut.clk)
