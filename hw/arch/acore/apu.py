"""The auxiliary processing unit (APU) as software sees it: operations, chains, constants, memory, commands.

The one source for hardware, assembler, golden interpreter and documents. A microprogram is a list of scalar
instructions (:class:`Op`) on the APU's memory; one of them, `run`, lets a map stream through a CHAIN: an order of
the basic operations of ETA, Section IV-C, that a :class:`Chain` word names.
"""

from dataclasses import dataclass

from amaranth.hdl import unsigned
from amaranth.lib import data, enum

from hw.arch.checks import check_integer

__all__ = [
    "ACCUMULATOR_BITS",
    "ACORE_RANGES",
    "ACoreConfig",
    "Accumulator",
    "Addend",
    "Base",
    "CODE_DEPTH",
    "CONVERT_LARGEST",
    "CONVERT_LEAST",
    "COUNT_BITS",
    "Chain",
    "Command",
    "Constant",
    "Factor",
    "Instruction",
    "MEMORY_DEPTH",
    "Mask",
    "Multiplicand",
    "Op",
    "Outcome",
    "PUBLIC",
    "Pool",
    "Rescale",
    "SATURATIONS",
    "Side",
    "Source",
    "Start",
    "Statistic",
    "WORD_BITS",
]

#: Width of a memory word, of the scalar accumulator and of the sums over a map.
ACCUMULATOR_BITS = 56
#: Width of the widest values of a chain.
WORD_BITS = 48
#: Words of the APU's memory, and instructions of its program memory.
MEMORY_DEPTH, CODE_DEPTH = 512, 512
#: The values of constant `convert` that count.
CONVERT_LEAST, CONVERT_LARGEST = -29, 63
#: Width of the number of elements of a map.
COUNT_BITS = 20
#: Widths that the scalar accumulator saturates to.
SATURATIONS = (8, 16, 18, 25, 32, 48, 49)


class Mask(enum.Enum, shape=unsigned(2)):
    """What lets the front's sum through; else it is 0."""

    NONE = 0  #: all pass
    BITS = 1  #: stream `bits`, the TLU's bitmap
    PLACE = 2  #: bytes 0 and 1 of stream `side` are equal: index of the maximum and place in the window


class Pool(enum.Enum, shape=unsigned(2)):
    """Accumulation of a lane over a group of beats, on the front's sum."""

    NONE = 0  #: none
    SUM = 1  #: sum, 25 bits
    MAX = 2  #: maximum of values of 13 bits, with the place of the first one


class Source(enum.Enum, shape=unsigned(2)):
    """Input of the rescaler."""

    NONE = 0  #: idle
    WIDE = 1  #: stream `wide`: the chain starts here, and the front joins it before the multiply-add 1
    FRONT = 2  #: the front's sum
    PRODUCT = 3  #: the multiply-add 0


class Rescale(enum.Enum, shape=unsigned(2)):
    """Rounding and saturation of the rescaler."""

    FLOOR25 = 0  #: down, to 25 bits
    HALF25 = 1  #: half up, to 25 bits
    HALF48 = 2  #: half up, to 48 bits
    NOISE16 = 3  #: stochastically (noise 0), to 16 bits


class Multiplicand(enum.Enum, shape=unsigned(2)):
    """Input of the multiply-add 0."""

    NONE = 0  #: idle
    CENTRED = 1  #: the rescaler, less sign(t of stream `side`) * `compare` where the chain centres
    SIDE = 2  #: stream `side` (INT16); the front's sum is added to the product unless z takes it
    POOL = 3  #: the lane's accumulation


class Factor(enum.Enum, shape=unsigned(1)):
    """Factor of the multiply-add 0."""

    CONSTANT = 0  #: constant `factor0`
    SIDE = 1  #: t of stream `side`, taken with the rescaler


class Addend(enum.Enum, shape=unsigned(2)):
    """Summand of the multiply-add 1, whose product is 0 but where the chain normalises."""

    NONE = 0  #: idle
    FRONT = 1  #: the front's sum
    PRODUCT = 2  #: the multiply-add 0
    RESCALED = 3  #: the rescaler


class Outcome(enum.Enum, shape=unsigned(2)):
    """What becomes z."""

    ADDED = 0  #: the multiply-add 1, compared with `compare` and saturated to 48 bits
    RESCALED = 1  #: the rescaler
    LESS = 2  #: the front's sum, less the rescaler's before it saturates; after stochastic rounding to 16 bits, else 48


class Side(enum.Enum, shape=unsigned(2)):
    """What stream `side_o` carries."""

    NONE = 0  #: nothing
    PINT = 1  #: PINT code of x_hat (noise 0)
    PLACE = 2  #: place of the maximum


class Statistic(enum.Enum, shape=unsigned(2)):
    """What accumulator 0 sums."""

    NONE = 0  #: nothing
    MAGNITUDE = 1  #: |z|
    MASKED = 2  #: the front's sums that the mask stops


class Chain(data.Struct):
    """One order of the operations; every unit names where its input comes from."""

    wide: unsigned(1)  #: the front takes stream `wide`
    code: unsigned(1)  #: the front takes t of stream `code`, times `scale` or shifted
    add: unsigned(1)  #: the front takes constant `add`
    mask: Mask  #: what lets the front's sum through
    pool: Pool  #: accumulation of a lane over a group of beats
    source: Source  #: input of the rescaler
    rescale: Rescale  #: its rounding
    centre: unsigned(1)  #: subtract sign(t of `side`) * `compare` after the rescaler
    multiplicand: Multiplicand  #: input of the multiply-add 0
    side_pint: unsigned(1)  #: that input is t of the PINT code on `side`
    factor: Factor  #: factor of the multiply-add 0
    normalise: unsigned(1)  #: the multiply-add 1 adds x_hat * `factor1`, x_hat the multiply-add 0 in 18 bits
    addend: Addend  #: summand of the multiply-add 1
    outcome: Outcome  #: what becomes z
    threshold: unsigned(1)  #: z = max(y, `compare`)
    code_o: unsigned(1)  #: stream `code_o` carries z, converted (noise 1)
    word_o: unsigned(1)  #: stream `word_o` carries z
    bits_o: unsigned(1)  #: stream `bits_o` carries y >= `compare`
    side_o: Side  #: what stream `side_o` carries
    statistic: Statistic  #: what accumulator 0 sums
    inner: unsigned(1)  #: the OR of magnitudes is that of the multiply-add 0, not of z
    sum1: unsigned(1)  #: accumulator 1 sums the rescaler
    sum2: unsigned(1)  #: accumulator 2 sums the multiply-add 0


class Constant(enum.IntEnum):
    """Constants of a chain, set by `set` or by a command; they keep their value."""

    SHIFT = 0  #: left shift of t by u - 16, rounded half up where negative; u 0 to 53
    SCALE = 1  #: or a factor of t, 17 bits unsigned; the last of both that was set counts
    RESCALE = 2  #: u of the rescaler: shift right by 16 - u, by 31 - u for noise16; u -33 to 63
    NORMALISE = 3  #: shift of x_hat right by n + 4, rounded half up; n 0 to 17
    CONVERT = 4  #: u of the conversion: x / 2^(31 - u); 8 bits, and counts as the nearest of -29 to 63
    FACTOR0 = 5  #: factor of the multiply-add 0, 18 bits
    FACTOR1 = 6  #: factor of the multiply-add 1, 18 bits
    ADD = 7  #: summand of the front, 48 bits; 32 where a code is shifted
    COMPARE = 8  #: threshold, or mean, 32 bits
    COUNT = 9  #: elements of a map, or windows; 20 bits, at least 1
    GROUP = 10  #: beats of a group, 13 bits, at most 4096; 1 where the chain does not pool
    INDEX = 11  #: index of the first element, 32 bits
    STRIDE = 12  #: distance of the indices of neighbouring elements, 32 bits
    NEAREST = 13  #: 1: rounding noise is 8000h
    KEY0_LOW = 16  #: key of noise 0, bits 31:0
    KEY0_HIGH = 17  #: bits 63:32
    KEY1_LOW = 18  #: key of noise 1
    KEY1_HIGH = 19  #: bits 63:32


class Accumulator(enum.IntEnum):
    """What `acc` reads; `run` clears all."""

    SUM0 = 0  #: accumulator 0
    SUM1 = 1  #: accumulator 1
    SUM2 = 2  #: accumulator 2
    LARGEST = 3  #: OR of |z|, or of |multiply-add 0|
    SATURATED = 4  #: saturated conversions of z
    SATURATED1 = 5  #: saturated codes of x_hat


class Base(enum.Enum, shape=unsigned(2)):
    """What an address counts from."""

    ABSOLUTE = 0  #: 0
    CHANNEL = 1  #: the channel's record
    MAP = 2  #: the map's record


class Op(enum.Enum, shape=unsigned(5)):
    """Scalar operations on the accumulator A, of 56 bits; r is a memory word, n an immediate."""

    END = 0  #: wait for the next start
    LD = 1  #: A = r
    ST = 2  #: r = A
    ADD = 3  #: A = A + r
    SUB = 4  #: A = A - r
    MIN = 5  #: A = min(A, r)
    MAX = 6  #: A = max(A, r)
    MUL = 7  #: A = A * r; 18 and 36 bits
    DIV = 8  #: A = A / r, floor; A < 2^18 * r, r < 2^28
    SHR = 9  #: A = A / 2^r, half up; * 2^-r, saturated, where r < 0; r of 8 bits
    SHF = 10  #: the same, down
    LDI = 11  #: A = n
    ADDI = 12  #: A = A + n
    SHRI = 13  #: A = A / 2^n, half up
    SHFI = 14  #: A = A / 2^n, down
    SAT = 15  #: A saturates to n bits, n one of SATURATIONS
    BLEN = 16  #: A = bits of A >= 0
    EXP = 17  #: A = round(2^16 * 2^(-(A mod 1024) / 1024))
    SET = 18  #: constant n = A
    ACC = 19  #: A = accumulator n
    RUN = 20  #: run the job's chain on a map, to its end
    IN = 21  #: A = lane 0 of stream `wide`
    OUT = 22  #: send r on `result`
    JZ = 23  #: go on at n if A = 0
    JN = 24  #: go on at n if A < 0
    JMP = 25  #: go on at n


class Instruction(data.Struct):
    """A scalar instruction."""

    value: unsigned(17)  #: address or immediate, two's complement where it is a number
    base: Base  #: what an address counts from
    op: Op  #: operation


class Start(data.Struct):
    """Data of the command that starts a program."""

    channel: unsigned(9)  #: the channel's record
    map_: unsigned(9)  #: the map's record
    chain: Chain  #: what `run` runs


class Command(enum.Enum, shape=unsigned(2)):
    """Commands to an APU."""

    WRITE = 0  #: memory word `address` = `data`
    SET = 1  #: constant `address` = `data`
    START = 2  #: run the program at `address`; `data` is a :class:`Start`
    READ = 3  #: send memory word `address`


#: Memory words that commands and programs share, by name: absolute, of a channel's record, of a map's record.
PUBLIC = {
    Base.ABSOLUTE: (
        "n",
        "n_scaled",
        "n_bits",
        "mean_shift",
        "reciprocal",
        "error_shift",
        "align",
        "need_offset",
        "need",
        "saturated",
        "saturated1",
        "rate",
        "rate_shift",
        "gamma_shift",
        "beta_shift",
        "tau_shift",
        "classes",
        "label",
        "t0",
        "t1",
        "t2",
        "t3",
        "t4",
        "t5",
    ),
    Base.CHANNEL: ("gamma", "beta", "tau", "v_gamma", "v_beta", "v_tau", "d_gamma", "d_beta", "d_tau"),
    Base.MAP: ("sum", "m", "el", "g16", "dgn"),
}


#: Legal range of every size of the A-Core.
ACORE_RANGES = {"apus": (1, 64), "lanes": (1, 8), "acc_bits": (32, 48)}


@dataclass(frozen=True)
class ACoreConfig:
    """Sizes of the A-Core.

    Parameters
    ----------
    apus : int
        APUs, channels in parallel.
    lanes : int
        Elements of a map in parallel.
    acc_bits : int
        Width of the sums that come in.

    Raises
    ------
    TypeError
        If a size is not an integer.
    ValueError
        If it is out of the range of :data:`ACORE_RANGES`.
    """

    apus: int = 8
    lanes: int = 3
    acc_bits: int = 36

    def __post_init__(self):
        for name, (low, high) in ACORE_RANGES.items():
            check_integer(f"A-Core {name}", getattr(self, name), low, high)
