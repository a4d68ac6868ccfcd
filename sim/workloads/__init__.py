"""Random layers, operands and jobs that tests, soak and mutation share."""
