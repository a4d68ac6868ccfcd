"""The A-Core's back end: jobs of the APU, with the constants and memory words that each needs."""
