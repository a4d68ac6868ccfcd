"""The PE array of the main machine: PE, WPU, cluster, array."""
