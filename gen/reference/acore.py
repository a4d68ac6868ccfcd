"""The A-Core's part of docs/reference.md: jobs, chains, operations, constants and commands."""

from hw.arch.acore import chain
from hw.arch.acore.chain import Chain
from hw.arch.acore.commands import Command, CommandWord, Start
from hw.arch.acore.constants import Constant
from hw.arch.acore.memory import PUBLIC
from hw.arch.acore.microcode import SOURCE, microcode
from hw.arch.acore.scalar import Accumulator, Base, Instruction, Op

from .tables import members, table, word

__all__ = ["reference"]

_CHOICES = (
    chain.Mask,
    chain.Pool,
    chain.Source,
    chain.Rescale,
    chain.Multiplicand,
    chain.Factor,
    chain.Addend,
    chain.Outcome,
    chain.Side,
    chain.Statistic,
)


def _chain(fields: dict[str, int]) -> str:
    return ", ".join(f"{name} {getattr(value, 'name', str(value)).lower()}" for name, value in fields.items())


def _constants() -> str:
    """Name, members and shapes of the constants."""
    rows = [
        [each.value, each.name, each.stands_for.width, "yes" if each.stands_for.signed else "", each.doc]
        for each in Constant
    ]
    return "`Constant`\n\n" + table(["value", "name", "bits", "signed", "meaning"], rows)


def reference() -> str:
    """Text of the part."""
    code = microcode()
    jobs = [[f"`{name}`", f"`{program}`", chain and f"`{chain}`"] for name, (program, chain) in code.jobs.items()]
    names = [[base.name.lower(), ", ".join(f"`{name}`" for name in words)] for base, words in PUBLIC.items()]
    parts = [
        f"Assembled from `hw/arch/acore/{SOURCE.name}`: {len(code.code)} instructions, {len(code.chains)} chains.\n",
        table(["job", "program", "chain"], jobs),
        "Chains; a field that is not named is 0.\n",
        table(["chain", "fields"], [[f"`{name}`", _chain(chain)] for name, chain in code.chains.items()]),
        "Word of a chain.\n",
        word(Chain),
        *(members(each) for each in _CHOICES),
        "Word of an instruction.\n",
        word(Instruction),
        *(members(each) for each in (Base, Op)),
        _constants(),
        members(Accumulator),
        "Command to an APU, and the data of the one that starts a program.\n",
        word(CommandWord),
        word(Start),
        members(Command),
        "Words of the memory, from the base on.\n",
        table(["base", "words"], names),
    ]
    return "\n".join(parts)
