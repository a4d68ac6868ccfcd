"""The C-Core's back end: from a phase of a layer to a descriptor."""
