"""Bench of the decoder: all codes, one after the other, against the golden model."""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from sim.golden.pint import decode
from sim.testbench.streams import pint_format


@cocotb.test()
async def all_codes(dut):
    pint = pint_format()
    codes = np.arange(1 << pint.k)
    for code, value in zip(codes.tolist(), decode(codes, pint.k, pint.d).tolist(), strict=True):
        dut.code.value = code
        await Timer(1, "ns")
        assert dut.value.value.to_signed() == value, f"{pint} code {code:#x}"
