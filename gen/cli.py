"""The command line `gradgate`; each command is in a file of its own."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from .commands import cost, cycles, generate, report, study, train
from .errors import UserError

__all__ = ["main"]

#: Modules with `add_parser`; each sets `run`, which takes the parsed arguments.
COMMANDS = (generate, report, cost, cycles, train, study)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def __init__(self, **kwargs):
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message):
        """Report a mistake in the arguments."""
        raise UserError(message)


def _version() -> str:
    try:
        return version("gradgate")
    except PackageNotFoundError:  # run from the source folder, without make setup
        return "(not installed)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for a mistake of the user, 130 for an interrupt."""
    parser = _Parser(prog="gradgate", description="Accelerators that train neural networks, as Verilog.")
    parser.add_argument("--version", action="version", version=f"gradgate {_version()}")
    parser.set_defaults(run=lambda _: parser.print_help())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    try:
        parsed = parser.parse_args(arguments)
        parsed.run(parsed)
    except UserError as error:
        print(f"gradgate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
