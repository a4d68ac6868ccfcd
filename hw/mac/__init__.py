"""The multiply-accumulate unit in its three forms, behind one interface."""
