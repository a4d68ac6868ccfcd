"""Command-line options of the machines, and the configurations that they mean."""
