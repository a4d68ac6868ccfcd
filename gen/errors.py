"""What the user has to correct."""

__all__ = ["UserError", "flag_of"]


class UserError(Exception):
    """A mistake in what the user asked for; the message is one sentence with rule and value."""


def flag_of(name: str) -> str:
    """The option on the command line of an argument of this name."""
    return "--" + name.replace("_", "-")
