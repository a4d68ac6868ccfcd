"""Benches of the A-Core and its parts."""
