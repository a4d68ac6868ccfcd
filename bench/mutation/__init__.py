"""Mutation testing: shows that the benches fail on broken Verilog."""
