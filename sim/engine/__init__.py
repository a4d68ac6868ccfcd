"""Machines that run programs: the generated Verilog beside golden."""
