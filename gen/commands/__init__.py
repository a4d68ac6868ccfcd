"""The commands of `gradgate`, one a file."""
