"""Vendor primitives, each behind the signature of its inferred twin."""
