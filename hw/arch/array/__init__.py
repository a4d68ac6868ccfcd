"""What software sees of the PE array: its configuration and its control words."""
