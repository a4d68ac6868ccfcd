"""The C-Core: buffers and networks around the PE array."""
