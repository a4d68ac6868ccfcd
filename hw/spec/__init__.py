"""Specification shared by hardware, golden models and compiler: formats, configuration, control words.

Files here import nothing local, so that every other package may import them.
"""
