"""Operands and controls for the benches of a lane's units."""

__all__ = ["SHIFTS", "narrow_control", "normalise_control", "number", "packed", "shift_control"]

#: Positions of a shift, from where all is lost to where all overflows.
SHIFTS = range(-64, 64)


def number(rng, bits: int) -> int:
    """A signed number of any size; one in six at an end or next to it."""
    if rng.random() < 1 / 6:
        return rng.choice([-(1 << bits - 1), (1 << bits - 1) - 1, 0, -1, 1, (1 << bits - 2), -(1 << bits - 2) - 1])
    return (rng.getrandbits(bits) - (1 << bits - 1)) >> rng.randrange(bits)


def packed(*fields: tuple[int, int]) -> int:
    """A record of (value, bits), the first lowest."""
    word = at = 0
    for value, bits in fields:
        word |= (value & (1 << bits) - 1) << at
        at += bits
    return word


def shift_control(u: int) -> int:
    """Control of a shift by u, a :class:`~hw.acore.rescale.RescaleControl`."""
    words = u >> 4
    taken = [j - words for j in range(4)]
    lost = [[words + i >= size for i in range(3)] for size in (3, 4)]
    return packed(
        (1 << (u & 15), 16),
        *((min(max(j, 0), 3), 2) for j in taken),
        *((j < 0, 1) for j in taken),
        *((each, 1) for size in lost for each in size),
    )


def normalise_control(n: int, used: bool) -> int:
    """Control of a shift by n + 4, a :class:`~hw.acore.normalise.NormaliseControl`."""
    last = n >> 4
    return packed((3 if last else n >> 2, 2), (2 | n & 1 if last else n & 3, 2), (last, 1), (used, 1))


def narrow_control(u: int, scale: int | None, add: int) -> int:
    """Control of the front, a :class:`~hw.acore.narrow.NarrowControl`."""
    place = 1 if scale is not None else 0 if u < 24 else 1 if u < 40 else 2
    factor = scale if scale is not None else 1 << u - (0, 16, 40)[place]
    summand = (add << 16 | 1 << 15, add, add >> 24)[place]
    large = (add >> 31 ^ add >> 30) & 1
    return packed((factor, 24), (place, 2), (summand, 48), (add, 24), (large, 1), (add >> 31, 1))
