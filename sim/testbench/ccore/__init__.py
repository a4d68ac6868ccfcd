"""Benches of the C-Core and its parts."""
