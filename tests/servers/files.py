"""A file server on this machine that speaks what archives speak, and fails as they do where it is told to.

Byte ranges with If-Range, bearer tokens, redirects, TLS, and a list of faults that are used up one by one:

    with FileServer({"a.tif": content}) as server:
        server.faults = [cut(1000), status(429, {"Retry-After": "1"})]
"""

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PIECE = 1 << 13
LOGIN_PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Earthdata Login</title></head><body><form>...</form></body></html>\n"


@dataclass
class Fault:
    """What goes wrong with `times` requests (None: all) for names that end in `name`, after the first `after` of them.

    `status`, `headers`, `body` replace the answer. Otherwise the file is sent as ever but for: `cut_at` (byte of the file where the
    connection ends), `stall_at` (where nothing more comes), `pause_s` (between pieces of `piece` bytes), `length` (added to the announced
    length), `ignore_range`, `ignore_condition` (If-Range), `change` (made of the content).
    """

    name: str = ""
    times: int | None = 1
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_at: int | None = None
    stall_at: int | None = None
    pause_s: float = 0
    piece: int = PIECE
    length: int = 0
    ignore_range: bool = False
    ignore_condition: bool = False
    change: Callable[[bytes], bytes] = bytes

    def lasting(self, times: int | None = None) -> "Fault":
        """The same fault for so many requests; for all, by default."""
        return replace(self, times=times)


def cut(at: int) -> Fault:
    """The connection ends when byte `at` of the file would come."""
    return Fault(cut_at=at)


def stall(at: int) -> Fault:
    """Nothing more comes from byte `at` on."""
    return Fault(stall_at=at)


def status(code: int, headers: Mapping[str, str] = {}, after: int = 0) -> Fault:
    """An answer without a file."""
    return Fault(status=code, headers=headers, body=b"no\n", after=after)


def login_page() -> Fault:
    """A web page, with status 200."""
    return Fault(status=200, headers={"Content-Type": "text/html"}, body=LOGIN_PAGE)


def redirect(to: str, code: int = 302) -> Fault:
    """Another address."""
    return Fault(status=code, headers={"Location": to})


@dataclass
class Seen:
    """A request that came, and what it got: `sent` are the bytes of the body, `at` when it came, monotonic seconds."""

    name: str
    query: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0
    at: float = field(default_factory=time.monotonic)


class FileServer:
    """Serves `files` (name to content) on a port that the system chooses; `seen` lists the requests, `most_at_once` those at one time.

    `token` is the bearer that a request must carry; `tls` a server-side SSL context; `validators` whether ETag and Last-Modified are told.
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
        self.files, self.token, self.validators = dict(files), token, validators
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.most_at_once = self._at_once = 0
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._server = _Server((host, 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"{host}:{self._server.server_address[1]}"
        self.base = f"{'http' if tls is None else 'https'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "FileServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, name: str) -> str:
        """Address of a file."""
        return f"{self.base}/{name}"

    @property
    def sent(self) -> int:
        """Bytes of all bodies."""
        return sum(seen.sent for seen in self.seen)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        path, _, query = request.path.partition("?")
        name = path.removeprefix("/")
        seen = Seen(name, query, {key.lower(): value for key, value in request.headers.items()})
        with self._lock:
            self.seen.append(seen)
            fault = self._take(name)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            with suppress(ConnectionError, ssl.SSLError):
                self._respond(request, seen, fault)
        finally:
            with self._lock:
                self._at_once -= 1

    def _take(self, name: str) -> Fault:
        for fault in self.faults:
            if not name.endswith(fault.name) or fault.times == 0:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return Fault()

    def _respond(self, request: BaseHTTPRequestHandler, seen: Seen, fault: Fault) -> None:
        if fault.status is not None:
            self._head(request, seen, fault.status, {"Content-Length": str(len(fault.body)), **fault.headers})
            self._body(request, seen, fault.body, 0, fault)
        elif self.token is not None and seen.headers.get("authorization") != f"Bearer {self.token}":
            self._head(request, seen, 401, {"Content-Length": "0"})
        elif seen.name not in self.files:
            self._head(request, seen, 404, {"Content-Length": "0"})
        else:
            self._file(request, seen, fault)

    def _file(self, request: BaseHTTPRequestHandler, seen: Seen, fault: Fault) -> None:
        content = fault.change(self.files[seen.name])
        headers = {"Accept-Ranges": "bytes"}
        etag, modified = f'"{hashlib.md5(self.files[seen.name]).hexdigest()}"', formatdate(1.6e9, usegmt=True)
        if self.validators:
            headers |= {"ETag": etag, "Last-Modified": modified}
        start = 0
        wanted = seen.headers.get("range", "").removeprefix("bytes=").removesuffix("-")
        same = fault.ignore_condition or seen.headers.get("if-range", etag) in {etag, modified}
        if wanted and same and not fault.ignore_range:
            start = int(wanted)
            if start >= len(content):
                self._head(request, seen, 416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        headers["Content-Length"] = str(len(content) - start + fault.length)
        self._head(request, seen, 206 if "Content-Range" in headers else 200, headers)
        self._body(request, seen, content, start, fault)

    def _head(self, request: BaseHTTPRequestHandler, seen: Seen, code: int, headers: Mapping[str, str]) -> None:
        seen.status = code
        request.send_response(code)
        for key, value in headers.items():
            if value:  # an empty one takes a header out
                request.send_header(key, value)
        if not headers.get("Content-Length") and not headers.get("Transfer-Encoding"):
            request.close_connection = True
        request.end_headers()

    def _body(self, request: BaseHTTPRequestHandler, seen: Seen, content: bytes, start: int, fault: Fault) -> None:
        ends = [at for at in (fault.cut_at, fault.stall_at) if at is not None]
        stop = max(min([len(content), *ends]), start)
        for at in range(start, stop, fault.piece):
            piece = content[at : min(at + fault.piece, stop)]
            request.wfile.write(piece)
            seen.sent += len(piece)
            if fault.pause_s and self._closed.wait(fault.pause_s):
                break
        if fault.stall_at is not None:
            self._closed.wait(30)
        if ends or fault.length:
            request.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(server: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Return once `true` holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)
