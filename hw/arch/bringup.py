"""The bring-up test of the array, for hardware and golden model alike: operands, control, signature and report.

Lanes. The codes of `x`, `w`, `e` and the partial sums `ps_i` of the array are numbered in this order, each in the
order of its packed port. In cycle t lane i carries, in bit b::

    H(t + i div 32, KEY, 8)[(b - 11 * i) mod 32]            (numerics.md Section 2)

that is the word t + i div 32 of one random stream, rotated left by 11 * i, cut or repeated to the width of the lane.

Signature. F = XOR over all ports i = (m * wpus + w) * 4 + p that carry a result, rotated left by 7 * i in
`acc_bits`; for each control word with `valid`, from S = FFFFFFFFh::

    S = ((S << 1) mod 2^32) ^ (S[31] ? 04C11DB7h : 0) ^ F[31:0] ^ (F >> 32)
"""

from .array.config import TAPS, ArrayConfig
from .array.control import PORTS, RESULT_PORTS, Head, Ports

__all__ = [
    "KEY",
    "LANE_ROTATION",
    "PASSES",
    "POLYNOMIAL",
    "PORT_ROTATION",
    "SIGNATURE_START",
    "USED_PORTS",
    "lane_counts",
    "report",
    "stream_words",
]

#: Key of the random stream: "GRADGATE".
KEY = 0x4752414447415445
#: Rotation from one lane to the next, coprime to 32, so that neighbours share no bit.
LANE_ROTATION = 11
#: Rotation from one port to the next.
PORT_ROTATION = 7
#: The polynomial of CRC-32, primitive.
POLYNOMIAL = 0x04C11DB7
#: Signature before the first result.
SIGNATURE_START = 0xFFFFFFFF

#: Ports that are folded in each mode: all that carry a result, but of four equal ones the first.
USED_PORTS = {**RESULT_PORTS, Ports.TOTAL: (0,)}

#: The passes of one round and their slots: weight stationary by port mode, output stationary by head. All modes, short
#: and long passes, all changes between the two kinds.
PASSES = (
    (Ports.TOTAL, 24),
    (Ports.SPLIT, 8),
    (Ports.TAPS, 24),
    (Ports.MIXED, 24),
    (Head.ERROR_ROW, 24),
    (Ports.TOTAL, 3),
    (Head.ERROR_TAP, 24),
    (Head.ERROR_ROW, 1),
)


def lane_counts(config: ArrayConfig) -> dict[str, int]:
    """Lanes of each input of the array, in the order of their numbers."""
    return {
        "x": config.wpus * config.rows * config.channels * TAPS,
        "w": config.clusters * config.rows * TAPS,
        "e": config.clusters * TAPS * config.wpus,
        "ps_i": config.clusters * config.wpus * PORTS,
    }


def stream_words(config: ArrayConfig) -> int:
    """Words of the random stream that the lanes of one cycle take."""
    return -(-sum(lane_counts(config).values()) // 32)


def report(config: ArrayConfig, passed: bool, signature: str, expected: int) -> str:
    """The line that the board sends; `signature` is the measured one in eight hexadecimal digits."""
    verdict = f"PASS {signature}" if passed else f"FAIL {signature} EXPECTED {expected:08X}"
    return f"GRADGATE {config} {verdict}\r\n"
