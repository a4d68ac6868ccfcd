"""Selects a mutant (`MUTANT`, 0 for none) before the tests of the bench named after this one; see bench/mutation."""

import os

import cocotb
from cocotb.triggers import Timer


@cocotb.test()
async def selects_mutant(dut):
    """The input stays as it is for the rest of the simulation: no bench knows of it."""
    dut.mutsel.value = int(os.environ["MUTANT"])
    await Timer(1, "ns")
