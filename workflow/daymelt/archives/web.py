"""Requests over HTTP: redirects followed here, statuses told apart, and no query string or login in
any text.

A signed address is a secret. `bare` is the only form of an address that may enter a message or a
log, and the messages of the HTTP library, which quote addresses, are never passed on.
"""

import datetime as dt
import email.utils
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3

from daymelt.archives.retry import TransientError
from daymelt.archives.said import LONGEST_BODY, NO_SIGNATURE, Said, read_said
from daymelt.core.errors import DaymeltError, MissingCredentialError, RetrievalError

MOST_REDIRECTS = 10
PIECE = 1 << 16  # bytes
LONGEST_TEXT = 1 << 24
PORTS = {"http": 80, "https": 443}
LOOPBACK = re.compile(r"localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|::1")
REFUSED = frozenset({401, 403})
BUSY = frozenset({408, 425, 429})  # and all from 500 on
NOWHERE = "{}: redirects to an address that is unprotected or none; not followed"
Refusal = Callable[[str, int, Said], DaymeltError]
CUT = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


def bare(url: str) -> str:
    """An address without login, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def host_of(url: str) -> str:
    """Host and port, the port always written: `example.org:443`."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').lower()}:{parts.port or PORTS.get(parts.scheme, 0)}"


def is_private(url: str) -> bool:
    """True for an address asked over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and LOOPBACK.fullmatch(parts.hostname or "") is not None
    )


def follow(
    session: requests.Session, url: str, headers: Mapping[str, str], timeout_s: float
) -> requests.Response:
    """The first answer that is no redirect, its body not yet read.

    Each address is asked as by a new request: the session decides by the host of each what it may
    know.

    Raises
    ------
    TransientError
        No connection, or none that lasted.
    RetrievalError
        Redirects without end, from https to http or to nowhere; a certificate that is not trusted.
    """
    here = url
    for _ in range(MOST_REDIRECTS):
        response = _ask(session, here, headers, timeout_s)
        if not response.is_redirect:
            return response
        response.close()
        here = _next(here, response.headers["location"])
    raise RetrievalError(
        f"{bare(url)}: more than {MOST_REDIRECTS} redirects; check the address and the account"
    )


def _ask(
    session: requests.Session, url: str, headers: Mapping[str, str], timeout_s: float
) -> requests.Response:
    try:
        return session.get(
            url, headers=dict(headers), stream=True, allow_redirects=False, timeout=timeout_s
        )
    except DaymeltError:  # of a patient session, after its last attempt
        raise
    except CUT as error:
        problem, sound, trusted = reason(error), True, "CERTIFICATE_VERIFY_FAILED" not in str(error)
    except ValueError:  # the library parses the address of a redirect, followed or not
        sound = False
    if not sound:
        raise RetrievalError(NOWHERE.format(bare(url)))
    if not trusted:
        raise RetrievalError(
            f"{bare(url)}: its certificate is not trusted; if your network has its own "
            "authority, set REQUESTS_CA_BUNDLE"
        )
    raise TransientError(problem)


def _next(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        sound = (
            host_of(target)[0] != ":"
            and urlsplit(target).scheme in PORTS
            and (is_private(target) or not is_private(url))
        )
    except ValueError:
        sound = False
    if not sound:
        raise RetrievalError(NOWHERE.format(bare(url)))
    return target


def is_busy(method: str, status: int) -> bool:
    """True for the status of a server that is busy or broken; 501 of HEAD says that it is not
    offered.
    """
    return status in BUSY or (status >= 500 and (method, status) != ("HEAD", 501))


def reason(error: Exception) -> str:
    """What happened to a connection, without the address that the library's own text quotes."""
    cause = getattr(next(iter(error.args), None), "reason", None) or error
    if isinstance(cause, urllib3.exceptions.NameResolutionError):
        return "its host was not found"
    if isinstance(cause, urllib3.exceptions.NewConnectionError):  # which is a TimeoutError too
        return "the connection failed or was cut"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return "the encrypted connection failed"
    return "the connection failed or was cut"


def check_status(response: requests.Response, url: str) -> None:
    """Pass an answer that carries what was asked for; 401 and 403 are the caller's.

    Raises
    ------
    TransientError
        The server is busy or broken.
    RetrievalError
        There is no such file, or an answer that no file server gives.
    MissingCredentialError
        The storage wants a signature, and the request had none.
    """
    status = response.status_code
    if status in {200, 206, 416} | REFUSED:
        return
    said = said_of(response)
    if is_busy("GET", status):
        raise busy(status, response.headers, said)
    if status in {404, 410}:
        raise RetrievalError(
            f"{bare(url)}: not found ({status}{said.code and f' {said.code}'}), expected a file; "
            "the provider may have replaced it: search again"
        )
    if said.code == NO_SIGNATURE:
        raise MissingCredentialError(
            f"{bare(url)}: the storage wants a signature ({status} {said.code}), and the request "
            "had none; add its host to archives.sas_hosts"
        )
    raise RetrievalError(
        f"{bare(url)}: answered {told(status, said)}, expected 200; check the address of the "
        "provider"
    )


def said_of(response: requests.Response) -> Said:
    """What the body of a failed request says; nothing where it does not come."""
    try:
        return read_said(response.raw.read(LONGEST_BODY, decode_content=True))
    except CUT:
        return Said()


def told(status: int, said: Said) -> str:
    """A status with what the answer says of it."""
    words = ": ".join(filter(None, (said.code, said.text)))
    return f"{status} ({words})" if words else str(status)


def busy(status: int, headers: Mapping[str, str], said: Said) -> TransientError:
    """A busy server, with the wait that it asks for in a header or in words."""
    header = retry_after(headers.get("Retry-After"))
    wait_s = said.wait_s if header is None else header
    return TransientError(f"the server answered {told(status, said)}", wait_s)


def retry_after(text: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None where it says nothing
    that can be read.
    """
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    return max((moment - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)


class _HideQueries(logging.Filter):
    """The HTTP libraries log the addresses they ask, that of the hub's client each one at the level
    of information; what follows a question mark is left out.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it always passes."""
        record.msg, record.args = re.sub(r"\?[^\s\"']*", "?…", record.getMessage()), ()
        return True


_HIDE = _HideQueries()
QUOTING = (
    *("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"),
    # of the hub's client, and of its successor
    *("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy"),
    *("httpx2", "httpcore2.connection", "httpcore2.http11", "httpcore2.http2", "httpcore2.proxy"),
)


def hide_queries() -> None:
    """Keep signatures out of the HTTP libraries' own logs; calling again changes nothing."""
    for name in QUOTING:
        logging.getLogger(name).addFilter(_HIDE)


def read_text(
    session: requests.Session,
    url: str,
    timeout_s: float,
    refusal: Refusal,
) -> str:
    """A small text, such as a checksum, a listing or a token; one attempt.

    Raises
    ------
    TransientError
        As `follow` and `check_status`.
    RetrievalError
        As these, or longer than a text should be.
    MissingCredentialError
        By way of `refusal`, for 401 and 403.
    """
    with follow(session, url, {}, timeout_s) as response:
        check_status(response, url)
        if response.status_code in REFUSED:
            raise refusal(url, response.status_code, said_of(response))
        content = bytearray()
        for piece in pieces(response, decode=True):
            content += piece
            check_length(len(content), LONGEST_TEXT, url)
    return content.decode(errors="replace")


def check_length(size: int, longest: int | None, url: str) -> None:
    """RetrievalError for a text of more bytes than the longest."""
    if longest is not None and size > longest:
        raise RetrievalError(
            f"{bare(url)}: longer than {longest} bytes, expected a short text; check the address"
        )


def read_size(session: requests.Session, url: str, timeout_s: float) -> int | None:
    """Bytes of a file as a HEAD request of a patient session tells them, None where the server does
    not.

    Raises
    ------
    TransientError
        An address that cannot be asked.
    RetrievalError
        No answer, or the server is busy or broken.
    """
    try:
        answer = session.head(
            url, timeout=timeout_s, allow_redirects=True, headers={"Accept-Encoding": "identity"}
        )
    except DaymeltError:
        raise
    except CUT as error:
        raise TransientError(reason(error)) from None
    length = answer.headers.get("Content-Length", "")
    return (
        int(length)
        if answer.status_code == 200 and re.fullmatch("[1-9][0-9]{0,17}", length)
        else None
    )


def pieces(response: requests.Response, decode: bool = False) -> Iterator[bytes]:
    """The body as it comes, at most `PIECE` bytes at a time.

    Raises
    ------
    TransientError
        The connection was cut, or nothing came in time.
    """
    while True:
        try:
            piece: bytes = response.raw.read1(PIECE, decode_content=decode)
        except CUT as error:
            problem = reason(error)
            break
        if not piece:
            return
        yield piece
    raise TransientError(problem)
