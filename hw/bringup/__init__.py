"""The bring-up test of a board: the array on pseudo-random operands, its results folded into a signature."""
