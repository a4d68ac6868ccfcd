"""Amaranth sources of the Gradgate machines; see docs/structure.md for the map of the folders."""
