"""What the body of a refused or failed request says: code, text, link and wait.

Source: bodies as recorded of Earthdata, of the Planetary Computer's token service (Azure API
management) and of its storage (Azure Blob).
"""

import html
import json
import re
from dataclasses import dataclass
from typing import Any

from daymelt.archives.credentials import hide, secrets
from daymelt.core.errors import one_line

LONGEST_BODY = 1 << 13  # bytes that are read of it
LONGEST_SHOWN = 120
NO_SIGNATURE = "PublicAccessNotPermitted"
WAIT = re.compile(r"try again in ([0-9]{1,6}) seconds?", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What an answer says, each empty where it does not: `code` such as `BlobNotFound`, `text` for
    a person, `link` by which to resolve it, `wait_s` seconds after which to ask again.
    """

    code: str = ""
    text: str = ""
    link: str = ""
    wait_s: float | None = None


NOTHING = Said()


def read_said(body: bytes) -> Said:
    """What a body says; nothing where it is neither JSON nor XML of a known form.

    Text is made printable and short; signatures and longer details of a body are left out, and
    credentials that it quotes are hidden.
    """
    text = body[:LONGEST_BODY].decode("utf-8-sig", errors="replace").strip()
    found = _of_json(text) if text.startswith("{") else _of_xml(text)
    wait = WAIT.search(found.text)
    return Said(found.code, found.text, found.link, float(wait[1]) if wait else None)


def _of_json(text: str) -> Said:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
    words = _word(told, "error_description") or _word(told, "message")
    link = told.get("resolution_url")
    plain = isinstance(link, str) and re.fullmatch(r"https?://[!-~]{1,300}", link)
    return Said(_word(told, "error"), words, _hidden(link) if plain else "")


def _of_xml(text: str) -> Said:
    """Code and message of an Azure or S3 error; not parsed as XML, which may be cut."""
    code = re.search(r"<Code>([A-Za-z0-9]{1,60})</Code>", text)
    words = re.search(r"<Message>([^<]*)</Message>", text)
    return Said(_hidden(code[1]) if code else "", _short(html.unescape(words[1])) if words else "")


def _word(told: dict[str, Any], key: str) -> str:
    value = told.get(key)
    return _short(value) if isinstance(value, str) else ""


def _short(text: str) -> str:
    # a query may be a signature
    return one_line(re.sub(r"\?\S+", "", _hidden(text)), LONGEST_SHOWN)


def _hidden(text: str) -> str:
    """A text without the credentials of the process."""
    return hide(text, (secret.reveal() for secret in secrets()))
