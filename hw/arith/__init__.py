"""PINT arithmetic blocks: decoder, random unit, conversion unit."""
