"""Golden model of the PE array."""
