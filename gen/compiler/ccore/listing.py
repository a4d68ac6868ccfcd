"""`python -m gen.compiler.ccore.listing ROWS [FILE]`: a descriptor of the C-Core as text, from its words.

The words are hexadecimal, in a file or on the standard input; `ROWS` are the rows of the array. :func:`read` takes the
text back.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hw.arch.ccore.descriptor import ENTRY, HEADER, ROW, Descriptor
from hw.arch.fields import Word

__all__ = ["listing", "main", "read"]


def _fields(word: Word, values: Mapping[str, Any], docs: bool) -> Iterator[str]:
    for name, value in values.items():
        line = f"    {name} = {getattr(value, 'name', value)}"
        yield f"{line:<32}; {word.field(name).doc}" if docs else line


def listing(words: Sequence[int], rows: int, *, docs: bool = True) -> str:
    """A descriptor as text, a field a line.

    Parameters
    ----------
    words : sequence of int
    rows : int
        Rows of the array.
    docs : bool
        Whether each field is followed by what it means.

    Raises
    ------
    ValueError
        If the words are no descriptor.
    """
    descriptor = Descriptor.decode(words, rows)
    lines = ["descriptor", *_fields(HEADER, descriptor.header, docs)]
    for number, (fields, own) in enumerate(descriptor.entries):
        lines += [f"entry {number}", *_fields(ENTRY, fields, docs)]
        for r, row in enumerate(own):
            lines += [f"row {r}", *_fields(ROW, row, docs)]
    return "\n".join(lines) + "\n"


def _value(word: Word, name: str, text: str) -> Any:
    """Value of a field from its text: a number, numbers in brackets, or the name of a choice."""
    choices = getattr(word.members.get(name), "__members__", {})
    if text in choices:
        return choices[text]
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        raise ValueError(f"{word.name} {name} must be a number or a name of its choices, not {text!r}") from None


def read(text: str) -> list[int]:
    """Words of the descriptor that :func:`listing` wrote.

    Raises
    ------
    ValueError
        If the text is no such listing, or a value is not legal.
    """
    header: dict[str, Any] = {}
    entries: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    word, values = HEADER, header
    for number, line in enumerate(text.splitlines(), 1):
        match line.split(";")[0].split(maxsplit=2):
            case []:
                pass
            case ["descriptor"]:
                word, values = HEADER, header
            case ["entry", _]:
                word, values = ENTRY, {}
                entries.append((values, []))
            case ["row", _] if entries:
                word, values = ROW, {}
                entries[-1][1].append(values)
            case [name, "=", value]:
                values[name] = _value(word, name, value.strip())
            case _:
                raise ValueError(
                    f"Line {number} must be descriptor, entry, row or a field with its value, not {line!r}"
                )
    return Descriptor(header, entries).words()


def main(arguments: list[str]) -> int:
    """Print the listing of a descriptor; 2 if the arguments or the words are wrong."""
    try:
        if not arguments or len(arguments) > 2 or not arguments[0].isdecimal():
            raise ValueError(f"Arguments must be the rows of the array and a file, not {' '.join(arguments)!r}")
        text = Path(arguments[1]).read_text() if len(arguments) == 2 else sys.stdin.read()
        print(listing([int(word, 16) for word in text.split()], int(arguments[0])), end="")
    except (OSError, ValueError) as error:
        print(f"listing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
