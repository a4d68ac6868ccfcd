"""Training runs on real data: the golden integers and their float32 baseline, data sets, checkpoints."""
