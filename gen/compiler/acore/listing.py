"""`python -m gen.compiler.acore.listing [PROGRAM ..]`: microprograms of the APU as text, from their words.

The text is source for :func:`hw.arch.acore.microcode.assemble`, with macros expanded: it assembles to the same words.
"""

import sys
from collections.abc import Iterator, Mapping

from hw.arch.acore.chain import Chain
from hw.arch.acore.constants import Constant
from hw.arch.acore.memory import PUBLIC
from hw.arch.acore.microcode import ADDRESSED, BARE, JUMPS, Microcode, microcode
from hw.arch.acore.scalar import Accumulator, Base, Instruction, Op

__all__ = ["chain", "instruction", "listing", "main"]

_RECORDS = {Base.ABSOLUTE: "", Base.CHANNEL: "channel.", Base.MAP: "map."}


def _word(base: Base, offset: int) -> str:
    """A word of the memory by its name, or by its offset where it has none."""
    names = PUBLIC[base]
    return f"{_RECORDS[base]}{names[offset] if offset < len(names) else offset}"


def instruction(bits: int) -> str:
    """An instruction as the assembler takes it; a jump leads to the label `.at<address>`.

    Raises
    ------
    ValueError
        If the bits are no instruction.
    """
    fields = Instruction.decode(bits)
    op, value = fields["op"], fields["value"]
    name = op.name.lower()
    if op in BARE:
        return name
    if op in ADDRESSED:
        return f"{name} {_word(fields['base'], value)}"
    if op in JUMPS:
        return f"{name} .at{value}"
    if op in (Op.SET, Op.ACC):
        return f"{name} {(Constant if op is Op.SET else Accumulator)(value).name.lower()}"
    half = 1 << Instruction.field("value").bits - 1
    return f"{name} {(value ^ half) - half}"


def chain(fields: Mapping[str, int] | int) -> str:
    """Settings of a chain as the assembler takes them: those given, or of a word those that are not 0."""
    if isinstance(fields, int):
        fields = {name: value for name, value in Chain.decode(fields).items() if int(getattr(value, "value", value))}
    return " ".join(f"{name}={getattr(value, 'name', str(value)).lower()}" for name, value in fields.items())


def _program(name: str, code: list[int], first: int, end: int) -> Iterator[str]:
    """Lines of the program from `first` to `end`."""
    decoded = [Instruction.decode(word) for word in code[first:end]]
    targets = {fields["value"] for fields in decoded if fields["op"] in JUMPS}
    yield f"program {name}"
    for at in range(first, end + 1):
        if at in targets:
            yield f".at{at}:"
        if at < end:
            yield f"    {instruction(code[at])}"
    yield ""


def listing(code: Microcode, *names: str) -> str:
    """Source text of some programs with their chains and jobs, or of all.

    Parameters
    ----------
    code : Microcode
    names : str
        Programs.

    Raises
    ------
    ValueError
        If there is no such program.
    """
    for name in names:
        if name not in code.programs:
            raise ValueError(f"Program must be one of {', '.join(code.programs)}, not {name!r}")
    kept = names or tuple(code.programs)
    jobs = {name: job for name, job in code.jobs.items() if job[0] in kept}
    chains = [name for name in code.chains if not names or name in {used for _, used in jobs.values()}]
    starts = [*sorted(code.programs.values()), len(code.code)]
    lines = [f"chain {name} {chain(code.chains[name])}" for name in chains] + [""]
    for name, first in code.programs.items():
        if name in kept:
            lines += _program(name, code.code, first, next(start for start in starts if start > first))
    lines += [f"job {name} {program} {used}".rstrip() for name, (program, used) in jobs.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Print programs of the machine; 2 if one is unknown."""
    try:
        print(listing(microcode(), *arguments), end="")
    except ValueError as error:
        print(f"listing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
