"""The command line `gradgate`; each command is in a file of its own."""

import argparse
import importlib
import re
import sys
from collections.abc import Sequence

from .errors import UserError
from .signals import end_at_once, raise_on_signals
from .version import version

__all__ = ["main"]

#: Commands, each a module with `add_parser`, which sets `run`, a function of the parsed arguments; and the extra of
#: the distribution that it needs beside the packages for generating.
COMMANDS = {
    "generate": None,
    "report": "report",
    "cost": "report",
    "cycles": "train",
    "train": "train",
    "study": "train",
}


def _lacking(name: str, error: ModuleNotFoundError) -> str:
    """What to say where a package of a command's extra is missing; the error again if it is no such package."""
    package, extra = (error.name or "").split(".")[0], COMMANDS.get(name)
    if extra is None or package in ("", "gen", "hw", "sim", "constraints"):
        raise error
    return f"gradgate {name} needs pip install 'gradgate[{extra}]', for the package {package} is missing"


def _add_command(commands, name: str) -> None:
    """Add a command, or where packages of its extra are missing one that says so."""
    try:
        importlib.import_module(f".commands.{name}", __package__).add_parser(commands)
    except ModuleNotFoundError as error:
        sentence = _lacking(name, error)

        def refuse(_):
            raise UserError(sentence)

        parser = commands.add_parser(name, help=f"(needs the extra {COMMANDS[name]})", add_help=False)
        parser.add_argument("ignored", nargs=argparse.REMAINDER)
        parser.set_defaults(run=refuse)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def __init__(self, **kwargs):
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message):
        """Report a mistake in the arguments."""
        if match := re.fullmatch(r"argument (?:\S+/)?(\S+): expected one argument", message):
            message = f"{match[1]} must have a value"
        raise UserError(message)


def _parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(prog="gradgate", description="Accelerators that train neural networks, as Verilog.")
    parser.add_argument("--version", action="version", version=f"gradgate {version()}")
    parser.set_defaults(run=lambda _: parser.print_help(), ends_at_once=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name in COMMANDS:
        _add_command(commands, name)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for a mistake of the user, 130 for an interrupt.

    Parameters
    ----------
    arguments : sequence of str, optional
        In place of those of the process; signals are then left as they are.
    """
    alone = arguments is None
    if alone:
        end_at_once()
    try:
        parsed = _parser().parse_args(arguments)
        if alone and not parsed.ends_at_once:
            raise_on_signals()
        try:
            parsed.run(parsed)
        except ModuleNotFoundError as error:
            raise UserError(_lacking(parsed.command, error)) from None
    except UserError as error:
        print(f"gradgate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gradgate: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
