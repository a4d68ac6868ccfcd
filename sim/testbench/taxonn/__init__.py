"""Benches of TaxoNN and its parts."""
