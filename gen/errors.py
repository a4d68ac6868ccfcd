"""What the user has to correct."""

__all__ = ["UserError"]


class UserError(Exception):
    """A mistake in what the user asked for; the message is one sentence with rule and value."""
