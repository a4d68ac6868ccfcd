"""Simulation models of vendor primitives, as files of Verilog."""

from pathlib import Path

__all__ = ["DSP48E1"]

#: The DSP slice of the 7 series as far as the MAC cell uses it.
DSP48E1 = Path(__file__).with_name("DSP48E1.v")
