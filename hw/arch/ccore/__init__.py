"""What software sees of the C-Core: configuration, descriptors, layouts of its buffers and ports."""
