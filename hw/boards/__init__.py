"""Board descriptions in the manner of amaranth-boards."""
