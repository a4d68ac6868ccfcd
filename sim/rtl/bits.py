"""Packing of integer arrays into the wide ports of the generated Verilog; the last index varies fastest."""

import numpy as np

__all__ = ["pack", "unpack"]


def pack(values, width: int) -> list[int]:
    """One integer for each row of `values` [cycle][...], `width` bits an element, the first element lowest."""
    values = np.asarray(values, dtype=np.int64)
    rows = values.reshape(len(values), -1, 1)
    bits = ((rows >> np.arange(width)) & 1).astype(np.uint8).reshape(len(values), -1)
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(bits, axis=1, bitorder="little")]


def unpack(word: int, width: int, shape: tuple[int, ...]) -> np.ndarray:
    """Signed elements of `width` bits of a packed port, int64 of `shape`."""
    count = int(np.prod(shape))
    octets = np.frombuffer(word.to_bytes(-(-count * width // 8), "little"), np.uint8)
    bits = np.unpackbits(octets, count=count * width, bitorder="little").reshape(count, width)
    # Sign extension to 64 bits: repeat the highest bit.
    bits = np.concatenate([bits, np.repeat(bits[:, -1:], 64 - width, axis=1)], axis=1)
    return np.packbits(bits, axis=1, bitorder="little").view(np.int64).reshape(shape)
