"""Benches of the array and its parts."""
