"""Networks, layers and schedules as data."""
