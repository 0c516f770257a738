"""Signed addresses of the Planetary Computer's storage: a short-lived token of each container from
the SAS token endpoint, requested when needed and again before it expires.

Source: the token service of planetarycomputer.microsoft.com, `…/token/<account>/<container>`, as
its client library uses it.
"""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from daymelt.archives.patient import final
from daymelt.archives.retry import Policy
from daymelt.archives.web import Refusal, bare, host_of, read_text
from daymelt.core.errors import FormatError

MARGIN_S = 300.0  # a token is renewed so long before it ends
NEW_S = 60.0  # a token refused so soon is not refused for its age


@dataclass(frozen=True, repr=False)
class _Token:
    text: str
    asked_at: float  # monotonic seconds
    ends_at: float
    is_second: bool  # asked for because a new one was refused


class Signer:
    """Adds tokens to addresses on `storage_hosts`; other addresses stay as they are. One for all
    threads.
    """

    def __init__(
        self,
        endpoint: str,
        storage_hosts: tuple[str, ...],
        session: Callable[[Policy], requests.Session],
        refusal: Refusal,
        policy: Policy = Policy(),  # noqa: B008 - frozen
    ) -> None:
        self._endpoint, self._hosts, self._session, self._refusal, self._policy = (
            endpoint,
            storage_hosts,
            session,
            refusal,
            policy,
        )
        self._tokens: dict[str, _Token] = {}
        self._doubted: set[str] = set()
        self._lock = threading.Lock()

    def sign(self, url: str) -> str:
        """The address with the token of its container.

        Raises
        ------
        MissingCredentialError, RetrievalError, FormatError
            The token service refuses, is out of reach, or sends no token.
        """
        container = self._container(url)
        if container is None:
            return url
        with self._lock:
            token = self._tokens.get(container)
            if token is None or time.monotonic() > token.ends_at - MARGIN_S:
                token = self._tokens[container] = self._ask(container)
        return f"{bare(url)}?{token.text}"

    def forget(self, signed: str) -> bool:
        """Drop the token of a signed address that was refused; False where another one is of no
        use: the address has none, or two new ones were refused in a row.

        The token service has handed out invalid tokens (microsoft/PlanetaryComputer issue 295).
        """
        with self._lock:
            container = self._container(signed)
            if container is None:
                return False
            token = self._tokens.get(container)
            if token is None or token.text != signed.partition("?")[2]:
                return True  # another thread has dropped or renewed it
            is_new = time.monotonic() < token.asked_at + NEW_S
            if is_new and token.is_second:
                return False
            del self._tokens[container]
            self._doubted = self._doubted | {container} if is_new else self._doubted - {container}
        return True

    def _container(self, url: str) -> str | None:
        """`account/container` of an address: from host and path, or from the path alone."""
        names = [name for name in urlsplit(url).path.split("/") if name]
        host = host_of(url).removesuffix(":443")
        for storage in self._hosts:
            if storage.startswith(".") and host.endswith(storage) and names:
                return f"{host.partition('.')[0]}/{names[0]}"
            if host == storage and len(names) > 1:
                return f"{names[0]}/{names[1]}"
        return None

    def _ask(self, container: str) -> _Token:
        url = f"{self._endpoint.rstrip('/')}/{container}"
        with final(url, self._policy), self._session(self._policy) as session:
            text = read_text(session, url, self._policy.timeout_s, self._refusal)
        try:
            answer = json.loads(text)
            lasts = dt.datetime.fromisoformat(answer["msft:expiry"]) - dt.datetime.now(dt.UTC)
            now = time.monotonic()
            ends_at = now + lasts.total_seconds()
            return _Token(str(answer["token"]), now, ends_at, container in self._doubted)
        except (ValueError, KeyError, TypeError):
            fault = FormatError(
                f"{bare(url)}: sent no token, expected JSON with `token` and `msft:expiry`; "
                "check the token endpoint"
            )
        raise fault
