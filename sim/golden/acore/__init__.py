"""Golden model of the A-Core."""
