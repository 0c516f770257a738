"""Texts to show to others: without credentials, folders, and names of user and machine."""

import getpass
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daymelt.archives import access

SHORTEST = 4  # characters of a value that is looked for
HIDDEN = "[hidden]"
# the folders of an absolute path, not those of an address
FOLDERS = re.compile(r"(?<![\w:/.\]~-])~?/(?:[^\s/:,;'\"()]+/)+")


def shareable(value: Any, environ: Mapping[str, str] | None = None) -> Any:
    """`value`, nested as JSON is, with its texts made shareable.

    Parameters
    ----------
    environ : variables whose credentials are hidden; None takes those of the process
    """
    return _shareable(value, sorted(set(hidden_words(environ)), key=len, reverse=True))


def hidden_words(environ: Mapping[str, str] | None) -> list[str]:
    """Credentials of the environment, home folder, and names of user and machine."""
    found = [secret.reveal() for secret in access.secrets(environ)]
    found += [str(Path.home()), socket.gethostname(), user_name()]
    return [word.strip() for word in found if len(word.strip()) >= SHORTEST]


def user_name() -> str:
    """Name of the user; empty where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _shareable(value: Any, words: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _shareable(item, words) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shareable(item, words) for item in value]
    return _text(value, words) if isinstance(value, str) else value


def _text(text: str, words: list[str]) -> str:
    """A text without hidden words and without the folders of absolute paths."""
    text = FOLDERS.sub("…/", text)
    for word in words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, text)
    return text
