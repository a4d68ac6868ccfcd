"""Sizes of the auxiliary processing unit (APU) that no configuration changes."""

__all__ = ["ACCUMULATOR_BITS", "CODE_DEPTH", "COUNT_BITS", "MEMORY_DEPTH", "WORD_BITS"]

#: Width of a memory word, of the scalar accumulator and of the sums over a map.
ACCUMULATOR_BITS = 56
#: Width of the widest values of a chain.
WORD_BITS = 48
#: Words of the APU's memory, and instructions of its program memory.
MEMORY_DEPTH, CODE_DEPTH = 512, 512
#: Width of the number of elements of a map.
COUNT_BITS = 20
