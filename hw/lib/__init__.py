"""Hardware that every machine uses and that knows no machine."""
