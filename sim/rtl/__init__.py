"""Simulation of generated Verilog: simulators, builds and runs of benches."""
