"""Memories: the only folder that makes them."""
