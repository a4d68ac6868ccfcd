"""The A-Core: auxiliary processing units for normalisation, activation, loss and weight update (docs/acore.md)."""
