"""Tables in Markdown, from the data of words and enumerations."""

from collections.abc import Iterable, Sequence

from hw.arch.fields import Word

__all__ = ["members", "table", "word"]


def table(header: Sequence[str], rows: Iterable[Sequence]) -> str:
    """A table of a header and rows."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def word(layout: Word) -> str:
    """The fields of a word; with their unit and sign where it has units."""
    if layout.unit is None:
        return table(["bits", "field", "meaning"], ([row.bits, f"`{row.name}`", row.doc] for row in layout.rows()))
    header = ["word", "bits", "field", "signed", "meaning"]
    rows = ([row.unit, row.bits, f"`{row.name}`", "yes" if row.signed else "", row.doc] for row in layout.rows())
    return table(header, rows)


def members(choices) -> str:
    """Name and members of an enumeration."""
    rows = ([each.value, each.name, each.doc] for each in choices)
    return f"`{choices.__name__}`\n\n" + table(["value", "name", "meaning"], rows)
