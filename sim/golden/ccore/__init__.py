"""Golden models of the C-Core: buffers, networks and the order of its results."""
