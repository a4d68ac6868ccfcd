"""Build plans of designs on boards."""
