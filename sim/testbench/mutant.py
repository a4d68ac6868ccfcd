"""Selects a mutant (`mutant`, 0 for none) before the tests of the bench named after this one; see bench/mutation."""

import cocotb
from cocotb.triggers import Timer

from sim.rtl.parameters import PARAMETERS


@cocotb.test()
async def selects_mutant(dut):
    """The input stays as it is for the rest of the simulation: no bench knows of it."""
    dut.mutsel.value = PARAMETERS["mutant"]
    await Timer(1, "ns")
