"""Which Gradgate this is."""

from importlib import metadata

__all__ = ["version"]


def version() -> str:
    """Return the version of the installed package."""
    try:
        return metadata.version("gradgate")
    except metadata.PackageNotFoundError:  # run from the source folder, without make setup
        return "(not installed)"
