"""The C-Core's part of docs/reference.md: descriptors, their patterns and errors, and the order of results."""

from hw.arch.ccore import descriptor
from hw.arch.ccore.config import CCORE_RANGES, CCoreConfig, Lanes, Shuffle
from hw.arch.ccore.descriptor import ENTRY, HEADER, ROW, STATUS, Code, Error
from hw.arch.ccore.drain import DrainMode

from .tables import members, table, word

__all__ = ["reference"]


def reference() -> str:
    """Text of the part."""
    sizes = [
        [f"`{name}`", f"{low} to {high}", getattr(CCoreConfig(), name)] for name, (low, high) in CCORE_RANGES.items()
    ]
    parts = [
        table(["size", "range", "default"], sizes),
        " ".join((descriptor.__doc__ or "").split("\n\n", 1)[1].split()),
        "",
        f"Header, {HEADER.units} words.\n",
        word(HEADER),
        f"Entry, {ENTRY.units} words and one for each row of the array, at most {descriptor.MAX_ENTRIES} entries.\n",
        word(ENTRY),
        "Word of a row of the array.\n",
        word(ROW),
        "Status of a descriptor.\n",
        word(STATUS),
        *(members(each) for each in (Code, Error, Lanes, Shuffle, DrainMode)),
    ]
    return "\n".join(parts)
