"""Names and sizes of files in messages."""

from pathlib import Path


def printable(path: Path | str) -> str:
    """A path on one line, whatever a provider put into its name."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))


def human(size: float | None) -> str:
    """A number of bytes with a decimal prefix; `?` for None."""
    if size is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("the last unit takes all")
