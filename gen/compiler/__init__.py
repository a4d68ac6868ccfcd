"""From a network to descriptors, and what they cost."""
