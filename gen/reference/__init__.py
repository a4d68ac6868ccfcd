"""The reference in docs/, made from the sources."""
