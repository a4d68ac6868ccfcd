"""NumPy golden models: the specification that the hardware must meet, to the bit."""
