"""A file server on this machine that speaks what archives speak, and fails as they do where it is
told to.

Byte ranges with If-Range, bearer tokens, redirects, TLS, and a list of faults that are used up one
by one:

    with FileServer({"a.tif": content}) as server:
        server.faults = [cut(1000), status(429, {"Retry-After": "1"})]
"""

import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate

from servers.serving import Answer, Asked, Fault, LocalServer, content_answer, cut, stall, status

__all__ = [
    "LOGIN_PAGE",
    "Fault",
    "FileServer",
    "cut",
    "login_page",
    "redirect",
    "stall",
    "status",
    "wait_until",
]
LOGIN_PAGE = (
    b"\n<!DOCTYPE html>\n<html><head><title>Earthdata "
    b"Login</title></head><body><form>...</form></body></html>\n"
)


def login_page() -> Fault:
    """A web page, with status 200."""
    return Fault(status=200, headers={"Content-Type": "text/html"}, body=LOGIN_PAGE)


def redirect(to: str, code: int = 302) -> Fault:
    """Another address."""
    return Fault(status=code, headers={"Location": to})


class FileServer(LocalServer):
    """Serves `files` (name to content); `token` is the bearer that a request must carry,
    `validators` whether ETag and date are told.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        *,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        validators: bool = True,
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(host=host, tls=tls)
        self.files, self.token, self.validators = dict(files), token, validators

    def answer(self, asked: Asked) -> Answer:
        """A file for whoever may have it."""
        if self.token is not None and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401)
        content = self.files.get(asked.path.removeprefix("/"))
        if content is None:
            return Answer(404)
        return (
            content_answer(content, modified=formatdate(1.6e9, usegmt=True))
            if self.validators
            else Answer(content=content)
        )

    def url(self, name: str) -> str:
        """Address of a file."""
        return f"{self.base}/{name}"


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Return once `true` holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
