"""Texts to show to others: without credentials, folders, and names of user and machine."""

import getpass
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from daymelt.archives.credentials import SHORTEST, hide, secrets

# the folders of an absolute path, not those of an address
FOLDERS = re.compile(r"(?<![\w:/.\]~-])~?/(?:[^\s/:,;'\"()]+/)+")


def shareable(value: Any, environ: Mapping[str, str] | None = None) -> Any:
    """`value`, nested as JSON is, with its texts made shareable.

    Parameters
    ----------
    environ : variables whose credentials are hidden; None takes those of the process
    """
    folders = {str(Path.cwd()), home_folder()}
    return _shareable(value, longest_first(folders), hidden_words(environ))


def longest_first(words: Iterable[str]) -> list[str]:
    """Words that are long enough to be looked for, the longest first."""
    return sorted((word for word in words if len(word) >= SHORTEST), key=len, reverse=True)


def hidden_words(environ: Mapping[str, str] | None) -> list[str]:
    """Credentials of the environment and of netrc, and names of user and machine."""
    found = [secret.reveal() for secret in secrets(environ)]
    return [word.strip() for word in (*found, socket.gethostname(), user_name())]


def home_folder() -> str:
    """The user's home folder; empty where the system has none."""
    try:
        return str(Path.home())
    except RuntimeError:
        return ""


def user_name() -> str:
    """Name of the user; empty where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _shareable(value: Any, folders: list[str], words: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _shareable(item, folders, words) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shareable(item, folders, words) for item in value]
    return _text(value, folders, words) if isinstance(value, str) else value


def _text(text: str, folders: list[str], words: list[str]) -> str:
    """A text without hidden words and without the folders of absolute paths; those of the user may
    have spaces.
    """
    for folder in folders:
        text = re.sub(rf"(?<![\w/]){re.escape(folder)}(?!\w)", "~", text)
    text = FOLDERS.sub("…/", text)
    return hide(text, words)
