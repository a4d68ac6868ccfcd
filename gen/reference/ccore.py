"""The C-Core's part of docs/reference.md: descriptors, their patterns and errors, and the order of results."""

from collections.abc import Callable, Sequence

from hw.arch.ccore import descriptor
from hw.arch.ccore.config import CCORE_RANGES, CCoreConfig, Lanes, Shuffle
from hw.arch.ccore.descriptor import ENTRY, HEADER, ROW, Code, Error, Field
from hw.arch.ccore.drain import DrainMode

__all__ = ["reference"]

_ENUMS = (Code, Error, Lanes, Shuffle, DrainMode)


def _words(words: Sequence[Sequence[Field]]):
    """A row a field: its word, its bits, its name and what it is."""
    for number, word in enumerate(words):
        offset = 0
        for field in word:
            bits = f"{offset + field.bits - 1}:{offset}" if field.bits > 1 else str(offset)
            yield [number, bits, f"`{field.name}`", "yes" if field.signed else "", field.doc]
            offset += field.bits


def reference(table: Callable, comments: Callable) -> str:
    """Text of the part.

    Parameters
    ----------
    table : callable
        Makes a table of a header and rows.
    comments : callable
        Gives the comment of each member of a class.
    """
    header = ["word", "bits", "field", "signed", "meaning"]
    sizes = [
        [f"`{name}`", f"{low} to {high}", getattr(CCoreConfig(), name)] for name, (low, high) in CCORE_RANGES.items()
    ]
    parts = [
        table(["size", "range", "default"], sizes),
        " ".join((descriptor.__doc__ or "").split("\n\n", 1)[1].split()),
        "",
        f"Header, {len(HEADER)} words.\n",
        table(header, _words(HEADER)),
        f"Entry, {len(ENTRY)} words and one for each row of the array, at most {descriptor.MAX_ENTRIES} entries.\n",
        table(header, _words(ENTRY)),
        "Word of a row of the array.\n",
        table(header, _words([ROW])),
    ]
    for enum in _ENUMS:
        meaning = comments(enum)
        rows = [[each.value, each.name, meaning[each.name]] for each in enum]
        parts += [f"`{enum.__name__}`\n", table(["value", "name", "meaning"], rows)]
    return "\n".join(parts)
