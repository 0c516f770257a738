"""What daymelt says when an input, a setting or the machine is not as it must be.

A message names the thing, what was found, what was expected and the remedy, with path, variable and
date, on one line. The command line prints it and exits with 2; every other exception is a fault of
ours and keeps its traceback.
"""

LONGEST = 160  # characters of a text of others in a message


def one_line(text: object, longest: int | None = LONGEST) -> str:
    """`text` on one line: white space and unprintable characters become single spaces, and what
    exceeds `longest` characters ends in an ellipsis.
    """
    line = " ".join(
        "".join(letter if letter.isprintable() else " " for letter in str(text)).split()
    )
    return line if longest is None or len(line) <= longest else f"{line[: longest - 1]}…"


def cause_of(error: BaseException, longest: int = LONGEST) -> str:
    """What an error of a library says, in one line: its deepest cause, by its type where it has no
    words.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    return one_line(error, longest) or type(error).__name__


class DaymeltError(Exception):
    """Base of every error that a user can mend."""


class ConfigError(DaymeltError, ValueError):
    """A setting is unknown, of the wrong type, impossible or contradicts another."""


class MissingInputError(DaymeltError, FileNotFoundError):
    """A file, a variable or a day that a step cannot do without is absent."""

    def __str__(self) -> str:  # FileNotFoundError would print an errno where there is none
        return " ".join(str(part) for part in self.args)


class FormatError(DaymeltError, ValueError):
    """A file is not what its product definition says: truncated, other units, other grid, no
    crs.
    """


class GridError(DaymeltError, ValueError):
    """Two rasters that must share a grid do not, or a source does not cover the area."""


class GapError(DaymeltError, ValueError):
    """Days are missing beyond what the stated rule may fill."""


class StorageError(DaymeltError, OSError):
    """A file could not be written: the disk is full or the folder is read-only."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)


class MissingCredentialError(DaymeltError, PermissionError):
    """An account, a token or a licence that a provider asks for is missing, refused or expired."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)


class RetrievalError(DaymeltError, ConnectionError):
    """A provider could not be reached, or what it sent is not the file that was asked for."""

    def __str__(self) -> str:
        return " ".join(str(part) for part in self.args)
