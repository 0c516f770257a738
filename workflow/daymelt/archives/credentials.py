"""Credentials of the environment and of netrc, and how they are kept out of texts.

This is the one place that reads the environment and netrc. An answer may quote what it was asked
with, as it is, in the spelling of an address, or in base64 as a login has it.
"""

import base64
import netrc as netrc_format
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

SECRET_NAMES = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|USERNAME|CREDENTIAL|_KEY$")
HIDDEN = "[hidden]"
SHORTEST = 4  # characters of a word that is looked for
UNMISTAKABLE = 8  # characters of a word that is looked for within others


class Secret:
    """A text that is kept out of representations and messages."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


def environment(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """Variables that are given, or those of the process."""
    return os.environ if environ is None else environ


def secrets(environ: Mapping[str, str] | None = None) -> list[Secret]:
    """Every value of the environment whose name says that it may be a credential, and the names and
    passwords of netrc, to keep them out of texts; name and password also as a login joins them.
    """
    variables = environment(environ)
    found = [value for name, value in variables.items() if SECRET_NAMES.search(name.upper())]
    logins = [(variables.get("EARTHDATA_USERNAME"), variables.get("EARTHDATA_PASSWORD"))]
    path = netrc_path(variables)
    for name, account, password in (netrc_hosts(path) or {}).values() if path else ():
        found += [word for word in (name, account, password) if word]
        logins.append((name, password))
    found += [f"{name}:{password}" for name, password in logins if name and password]
    bare = [value.strip().removeprefix("Bearer ") for value in found]
    return [Secret(value) for value in bare if value]


def hide(text: str, words: Iterable[str]) -> str:
    """`text` with `HIDDEN` for each of the words and its other `forms`."""
    found = {form for word in words for form in forms(word) if len(form) >= SHORTEST}
    for form in sorted(found, key=len, reverse=True):
        alone = len(form) < UNMISTAKABLE
        pattern = rf"(?<!\w){re.escape(form)}(?!\w)" if alone else re.escape(form)
        text = re.sub(pattern, HIDDEN, text)
    return text


def forms(word: str) -> set[str]:
    """A word as it is, as part of an address, and in base64 with both alphabets."""
    coded = {
        encode(word.encode()).decode().rstrip("=")
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
    }
    return {word, quote(word), quote(word, safe=""), quote_plus(word), *coded}


def netrc_path(variables: Mapping[str, str]) -> Path | None:
    """The file that NETRC names, or ~/.netrc; None for a user without a home folder."""
    try:
        return Path(variables.get("NETRC") or Path.home() / ".netrc")
    except RuntimeError:
        return None


def netrc_hosts(path: Path) -> dict[str, tuple[str, str | None, str | None]] | None:
    """Name, account and password of each host of a netrc, none without the file; None where it
    cannot be read.
    """
    try:
        return dict(netrc_format.netrc(path).hosts) if path.is_file() else {}
    except (netrc_format.NetrcParseError, OSError, ValueError):
        return None  # the error quotes the file
