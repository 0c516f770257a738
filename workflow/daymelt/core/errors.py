"""Errors that a user can mend, and the words of their messages.

A message names the thing, what was found, what was expected and the remedy, with path, variable and
date, on one line. The command line prints it and exits with 2; every other exception is a defect of
daymelt and keeps its traceback.
"""

import difflib
from collections.abc import Iterable

LONGEST = 160  # characters of a text of others in a message


def printable(text: object) -> str:
    """`text` with `?` for every character that is not printable, such as those that a damaged file
    has in its names.
    """
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


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


def nearest(word: str, known: Iterable[str]) -> str:
    """`, did you mean …?` where one of the `known` words is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


class DaymeltError(Exception):
    """Base of every error that a user can mend; its text is one line."""

    def __str__(self) -> str:  # OSError would print an errno where there is none
        return one_line(" ".join(str(part) for part in self.args), None)


class ConfigError(DaymeltError, ValueError):
    """A setting is unknown, of the wrong type, impossible or contradicts another."""


class MissingInputError(DaymeltError, FileNotFoundError):
    """A file, a variable or a day that a step cannot do without is absent."""


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


class MissingCredentialError(DaymeltError, PermissionError):
    """An account, a token or a licence that a provider asks for is missing, refused or expired."""


class RetrievalError(DaymeltError, ConnectionError):
    """A provider could not be reached, or what it sent is not the file that was asked for."""
