"""File names of providers in messages."""

from pathlib import Path


def printable(path: Path | str) -> str:
    """A path on one line, whatever a provider put into its name."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))
