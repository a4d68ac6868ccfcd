"""Golden models, test benches and the simulation engine."""
