"""Golden model of a whole training step."""
