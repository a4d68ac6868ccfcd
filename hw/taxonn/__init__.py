"""TaxoNN: an inference machine that trains by time multiplexing of its multipliers."""
