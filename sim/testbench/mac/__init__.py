"""Benches of the MAC and of the DSP48E1."""
