"""Training runs of TaxoNN."""
