"""Bench of the decoder: all codes, one after the other, against the golden model."""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from sim.benches.streams import pint_format
from sim.golden.pint import decode


@cocotb.test()
async def all_codes(dut):
    pint = pint_format()
    codes = np.arange(1 << pint.k)
    for code, value in zip(codes.tolist(), decode(codes, pint.k, pint.d).tolist(), strict=True):
        dut.code.value = code
        await Timer(1, "ns")
        assert dut.value.value.to_signed() == value, f"{pint} code {code:#x}"
