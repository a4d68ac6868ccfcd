"""Assembler of the APU's microprograms: from `microprograms.apu` to instruction and chain words.

A line of the source is `chain NAME FIELD=VALUE ..`, `program NAME`, `job NAME PROGRAM [CHAIN]`, `macro NAME
PARAMETER ..` up to `end` in the first column, `.label:`, or an indented instruction `OP [OPERAND]` or use of a macro.
A program may run into the next one. Labels are local to a program, or to one use of a macro. A semicolon starts a
comment.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .chain import Chain
from .commands import Start
from .constants import Constant
from .memory import PUBLIC
from .scalar import SATURATIONS, Accumulator, Base, Instruction, Op
from .sizes import CODE_DEPTH

__all__ = [
    "ADDRESSED",
    "BARE",
    "JUMPS",
    "Microcode",
    "RECORDS",
    "address",
    "assemble",
    "chain_fields",
    "microcode",
]

SOURCE = Path(__file__).with_name("microprograms.apu")
#: First word of the records: the common words lie before it.
RECORDS = 32

#: Operations by their operand: a word of the memory, a number, a label, none.
ADDRESSED = (Op.LD, Op.ST, Op.ADD, Op.SUB, Op.MIN, Op.MAX, Op.MUL, Op.DIV, Op.SHR, Op.SHF, Op.OUT)
_NUMBERED = (Op.LDI, Op.ADDI, Op.SHRI, Op.SHFI, Op.SAT)
JUMPS = (Op.JZ, Op.JN, Op.JMP)
BARE = (Op.END, Op.RUN, Op.BLEN, Op.EXP, Op.IN)
_VALUE_BITS = Instruction.field("value").bits


@dataclass
class Microcode:
    """Assembled microprograms.

    code : list of int, words of :class:`Instruction`
    chains : dict of name to fields of :class:`Chain`
    programs : dict of name to first address
    jobs : dict of name to (program, chain), the chain empty where the program runs none
    """

    code: list[int] = field(default_factory=list)
    chains: dict[str, dict[str, int]] = field(default_factory=dict)
    programs: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, tuple[str, str]] = field(default_factory=dict)

    def start(self, job: str, channel: int, map_: int) -> tuple[int, int]:
        """(address, data) of the command that starts a job on these records."""
        program, chain = self.jobs[job]
        fields = {"channel": channel, "map_": map_, "chain": Chain.encode(self.chains.get(chain, {}), partial=True)}
        return self.programs[program], Start.encode(fields)


def address(name: str) -> tuple[Base, int]:
    """Base and offset of a word: `channel.FIELD`, `map.FIELD` or the name of a common word.

    Raises
    ------
    ValueError
        If there is no such word.
    """
    record, _, word = name.rpartition(".")
    base = {"": Base.ABSOLUTE, "channel": Base.CHANNEL, "map": Base.MAP}.get(record)
    if base is None or word not in PUBLIC[base]:
        raise ValueError(f"Microprogram word must be one of the APU's memory, not {name!r}")
    return base, PUBLIC[base].index(word)


def chain_fields(settings: list[str]) -> dict[str, int]:
    """Value of each field that `FIELD=VALUE` settings give.

    Raises
    ------
    ValueError
        If there is no such field or value.
    """
    shapes, found = Chain.members, {}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in shapes or name in found:
            raise ValueError(f"Chain field must be a new one of {', '.join(shapes)}, not {name!r}")
        names = getattr(shapes[name], "__members__", {"0": 0, "1": 1})
        if value.upper() not in names:
            raise ValueError(f"Chain {name} must be one of {', '.join(names).lower()}, not {value!r}")
        found[name] = names[value.upper()]
    return found


class _Assembler:
    def __init__(self):
        self.result = Microcode()
        self._macros: dict[str, tuple[list[str], list[str]]] = {}
        self._open: str | None = None  # the macro that is being read
        self._labels: dict[tuple[int, str], int] = {}
        self._jumps: list[tuple[int, int, str, Op]] = []
        self._scope = self._scopes = 0

    def line(self, text: str) -> None:
        """Take a line of the source."""
        text = text.split(";")[0].rstrip()
        if self._open is not None:
            if text == "end":
                self._open = None
            else:
                self._macros[self._open][1].append(text)
        elif text:
            words = text.split()
            if text[0] == " ":
                self._statement(words)
            else:
                self._top(words)

    def _top(self, words: list[str]) -> None:
        match words:
            case ["chain", name, *settings]:
                self.result.chains[name] = chain_fields(settings)
            case ["program", name]:
                self.result.programs[name] = len(self.result.code)
                self._scope = self._scopes = self._scopes + 1
            case ["job", name, program, *chain]:
                if (
                    program not in self.result.programs
                    or len(chain) > 1
                    or (chain and chain[0] not in self.result.chains)
                ):
                    raise ValueError(f"Job {name} must name a program and a chain, not {' '.join(words[2:])!r}")
                self.result.jobs[name] = (program, chain[0] if chain else "")
            case ["macro", name, *parameters]:
                self._open, self._macros[name] = name, (parameters, [])
            case [label] if re.fullmatch(r"\.\w+:", label):
                self._labels[self._scope, label[:-1]] = len(self.result.code)
            case _:
                raise ValueError(f"Microprogram line must be chain, program, macro or a label, not {' '.join(words)!r}")

    def _statement(self, words: list[str]) -> None:
        name, *operands = words
        if name in self._macros:
            self._expand(name, operands)
            return
        op = Op.__members__.get(name.upper())
        if op is None or len(operands) != (op not in BARE):
            raise ValueError(f"Microprogram instruction must be an operation with its operand, not {' '.join(words)!r}")
        base, value = self._operand(op, operands[0]) if operands else (Base.ABSOLUTE, 0)
        word = {"op": op, "base": base, "value": value & ((1 << _VALUE_BITS) - 1)}
        self.result.code.append(Instruction.encode(word))

    def _expand(self, name: str, operands: list[str]) -> None:
        parameters, body = self._macros[name]
        if len(operands) != len(parameters):
            raise ValueError(f"Macro {name} must have {len(parameters)} operands, not {len(operands)}")
        outer, given = self._scope, dict(zip(parameters, operands, strict=True))
        self._scope = self._scopes = self._scopes + 1
        for text in body:
            words = [given.get(word, word) for word in text.split()]
            if words and text[0] == " ":
                self._statement(words[:1] if len(words) == 1 else [text.split()[0], *words[1:]])
            elif words:
                self._top(words)
        self._scope = outer

    def _operand(self, op: Op, text: str) -> tuple[Base, int]:
        if op in ADDRESSED:
            return address(text)
        if op in JUMPS:
            self._jumps.append((len(self.result.code), self._scope, text, op))
            return Base.ABSOLUTE, 0
        if op in _NUMBERED:
            value = int(text)
            if not -(1 << _VALUE_BITS - 1) <= value < 1 << _VALUE_BITS - 1:
                raise ValueError(f"Microprogram number must fit {_VALUE_BITS} bits, not {value}")
            if op is Op.SAT and value not in SATURATIONS:
                raise ValueError(f"Microprogram sat must be to one of {SATURATIONS} bits, not {value}")
            return Base.ABSOLUTE, value
        names = (Accumulator if op is Op.ACC else Constant).__members__
        if text.upper() not in names:
            raise ValueError(f"Operand of {op.name.lower()} must be one of {', '.join(names).lower()}, not {text!r}")
        return Base.ABSOLUTE, names[text.upper()]

    def finish(self) -> Microcode:
        """Resolve the jumps."""
        for at, scope, label, op in self._jumps:
            if (scope, label) not in self._labels:
                raise ValueError(f"Microprogram label must be defined in its program or macro, not {label!r}")
            word = {"op": op, "base": Base.ABSOLUTE, "value": self._labels[scope, label]}
            self.result.code[at] = Instruction.encode(word)
        if len(self.result.code) > CODE_DEPTH:
            raise ValueError(f"Microprograms must have at most {CODE_DEPTH} instructions, not {len(self.result.code)}")
        return self.result


def assemble(source: str) -> Microcode:
    """Assemble a source text.

    Raises
    ------
    ValueError
        If a line is wrong; the message names the rule and the value.
    """
    assembler = _Assembler()
    for number, text in enumerate(source.splitlines(), 1):
        try:
            assembler.line(text)
        except ValueError as error:
            raise ValueError(f"{error} (line {number})") from None
    return assembler.finish()


@cache
def microcode() -> Microcode:
    """Return the assembled `microprograms.apu`."""
    return assemble(SOURCE.read_text())
