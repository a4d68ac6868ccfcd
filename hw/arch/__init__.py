"""What software sees of the machines: formats, configurations, commands, registers.

Files here import nothing of this repository but `hw.arch`, so that every other package may import them.
"""
