"""AXI ports."""
