"""The A-Core's part of docs/reference.md: jobs, chains, operations, constants and commands."""

from collections.abc import Callable

from hw.arch.acore import apu as acore
from hw.arch.acore.apu import Chain, Constant, Op
from hw.arch.acore.microcode import SOURCE, microcode

__all__ = ["reference"]

_ENUMS = (
    acore.Mask,
    acore.Pool,
    acore.Source,
    acore.Rescale,
    acore.Multiplicand,
    acore.Factor,
    acore.Addend,
    acore.Outcome,
    acore.Side,
    acore.Statistic,
)


def _chain(fields: dict[str, int]) -> str:
    return ", ".join(f"{name} {getattr(value, 'name', str(value)).lower()}" for name, value in fields.items())


def reference(table: Callable, comments: Callable) -> str:
    """Text of the part.

    Parameters
    ----------
    table : callable
        Makes a table of a header and rows.
    comments : callable
        Gives the comment of each member of a class.
    """
    code = microcode()
    jobs = [[f"`{name}`", f"`{program}`", chain and f"`{chain}`"] for name, (program, chain) in code.jobs.items()]
    fields, meaning = [], comments(Chain)
    for name, field in Chain.as_shape():
        bits = f"{field.offset + field.width - 1}:{field.offset}" if field.width > 1 else str(field.offset)
        fields.append([bits, f"`{name}`", meaning[name]])
    parts = [
        f"Assembled from `hw/arch/{SOURCE.name}`: {len(code.code)} instructions, {len(code.chains)} chains.\n",
        table(["job", "program", "chain"], jobs),
        "Chains; a field that is not named is 0.\n",
        table(["chain", "fields"], [[f"`{name}`", _chain(chain)] for name, chain in code.chains.items()]),
        "Word of a chain.\n",
        table(["bits", "field", "meaning"], fields),
    ]
    for enum in (*_ENUMS, Op, Constant, acore.Accumulator, acore.Command):
        meaning = comments(enum)
        rows = [[each.value, each.name, meaning[each.name]] for each in enum]
        parts += [f"`{enum.__name__}`\n", table(["value", "name", "meaning"], rows)]
    names = [[base.name.lower(), ", ".join(f"`{name}`" for name in words)] for base, words in acore.PUBLIC.items()]
    parts += ["Words of the memory, from the base on.\n", table(["base", "words"], names)]
    return "\n".join(parts)
