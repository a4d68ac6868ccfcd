"""Constants of the counter-based random function H (numerics.md Section 2), for hardware and golden model alike."""

__all__ = ["KEY_ROUNDS", "NOISE_ROUNDS", "ROTATIONS", "ROUND_CONSTANTS"]

#: Constant of each round.
ROUND_CONSTANTS = (
    *(0x9E37, 0x79B9, 0x7F4A, 0x7C15, 0xF39C, 0xC060, 0x5CED, 0xC834),
    *(0x1082, 0x276B, 0xF3A2, 0x7251, 0x9E1B, 0x4CF5, 0xBB67, 0xAE85),
)

#: Left rotations (a, b, c) of one round: y ^ (rotl(x, a) & rotl(x, b)) ^ rotl(x, c).
ROTATIONS = (1, 8, 2)

#: Rounds of the rounding noise and of initial weights: R = 4 and 6 fail the statistics, 8 passes.
NOISE_ROUNDS = 8

#: Rounds of the derivation of keys.
KEY_ROUNDS = 16
