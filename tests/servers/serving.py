"""What the small archives of the tests share: a threaded server on this machine, files with byte
ranges, faults, and a life of their own.

A server is a context manager; its port is chosen by the system. From a shell, `serve` prints its
addresses as one line of JSON and stays until it is told to end, its standard input closes, or its
time is over.
"""

import argparse
import hashlib
import json
import os
import re
import select
import signal
import ssl
import stat
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

PIECE = 1 << 13  # bytes that are sent at once
PATIENCE_S = 60  # a stall is held so long


@dataclass
class Fault:
    """What goes wrong with `times` requests (None: all) whose address fits the pattern `path`,
    after the first `after` of them.

    `status`, `headers`, `body` replace the answer. What is sent is as ever but for: `delay_s`
    (before the answer), `cut_at` (byte of the file where the connection ends), `stall_at` (where
    nothing more comes), `pause_s` (between pieces of `piece` bytes), `length` (added to the
    announced length), `ignore_range`, `ignore_condition` (If-Range), `change` (made of the
    content).
    """

    path: str = ""
    times: int | None = 1
    after: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0
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


def shortened(count: int) -> Callable[[bytes], bytes]:
    """For `change`: the file ends so many bytes early, and its announced length with it."""
    return lambda content: content[:-count]


def status(code: int, headers: Mapping[str, str] = {}, after: int = 0) -> Fault:
    """An answer without a file."""
    return Fault(status=code, headers=headers, body=b"no\n", after=after)


@dataclass
class Seen:
    """A request that came, in which server, and what it got: `sent` are the bytes of the body, `at`
    when it came, monotonic seconds.

    `held_out`: the client still waited when a stall had lasted as long as this server stalls.
    """

    host: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    status: int = 0
    sent: int = 0
    held_out: bool = False
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Asked:
    """A request, taken apart; `pairs` are those of its query, `body` what came with it. Names of
    headers are in small letters.
    """

    method: str
    path: str
    pairs: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query, the last of each name."""
        return dict(self.pairs)


@dataclass(frozen=True)
class Answer:
    """A status with a short body, or a `file` or its `content`, of which the client may ask for a
    range.

    `tag` and `modified` are what a later request may be made conditional on; for a file they follow
    from it.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    content: bytes | None = None
    tag: str | None = None
    modified: str | None = None


def json_answer(
    content: Any, status: int = 200, kind: str = "application/json", headers: Mapping[str, str] = {}
) -> Answer:
    """An answer of JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": kind, **headers})


def content_answer(content: bytes, **known: str | None) -> Answer:
    """An answer of a file's content; its tag is that of its bytes."""
    return Answer(content=content, **{"tag": f'"{hashlib.md5(content).hexdigest()}"', **known})


class LocalServer:
    """A server that asks `answer` for every request; subclasses say what they know.

    `host` is the address of this machine that it listens at, `shown` what its own addresses say
    instead, `tls` a server-side SSL context.
    """

    def __init__(
        self,
        name: str = "",
        host: str = "127.0.0.1",
        shown: str | None = None,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.most_at_once = self._at_once = 0
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._server = _Server((host, port), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"{shown or host}:{self._server.server_address[1]}"
        self.base = f"{'http' if tls is None else 'https'}://{self.host}"

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked: Asked) -> Answer:
        """What to answer."""
        raise NotImplementedError

    def about(self) -> dict[str, str]:
        """Addresses, for a client in another process."""
        return {"base": self.base}

    def paths(self, method: str = "") -> list[str]:
        """The paths that were asked for, by a method or by any."""
        with self._lock:
            return [seen.path for seen in self.seen if method in ("", seen.method)]

    @property
    def sent(self) -> int:
        """Bytes of all bodies."""
        with self._lock:
            return sum(seen.sent for seen in self.seen)

    def _take(self, address: str) -> Fault:
        for fault in self.faults:
            if not re.search(fault.path, address) or fault.times == 0:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times = None if fault.times is None else fault.times - 1
            return fault
        return Fault()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request and remember it."""
        parts = urlsplit(request.path)
        headers = {key.lower(): value for key, value in request.headers.items()}
        body = request.rfile.read(int(headers.get("content-length") or 0))
        asked = Asked(
            request.command,
            unquote(parts.path),
            parse_qsl(parts.query, keep_blank_values=True),
            headers,
            body,
        )
        seen = Seen(self.name, asked.method, asked.path, parts.query, headers)
        with self._lock:
            # before anything is sent: a client that has its answer finds its request in the list
            self.seen.append(seen)
            fault = self._take(request.path)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._closed.wait(fault.delay_s)
            with suppress(ConnectionError, TimeoutError, ssl.SSLError):
                self._send(request, seen, fault, *self._prepared(asked, fault))
        finally:
            with self._lock:
                self._at_once -= 1

    def _prepared(self, asked: Asked, fault: Fault) -> tuple[int, dict[str, str], bytes, int]:
        """Status, headers, body, and the first byte of the body within its file."""
        if fault.status is not None:
            return (
                fault.status,
                {"Content-Length": str(len(fault.body)), **fault.headers},
                fault.body,
                0,
            )
        answer = self.answer(asked)
        if answer.file is None and answer.content is None:
            return (
                answer.status,
                {"Content-Length": str(len(answer.body)), **answer.headers},
                answer.body,
                0,
            )
        return _part(answer, asked.headers, fault)

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        seen: Seen,
        fault: Fault,
        code: int,
        headers: Mapping[str, str],
        body: bytes,
        start: int,
    ) -> None:
        seen.status = code
        request.send_response(code)
        for key, value in headers.items():
            if value:  # an empty one takes a header out
                request.send_header(key, value)
        if not headers.get("Content-Length") and not headers.get("Transfer-Encoding"):
            request.close_connection = True
        request.end_headers()
        if seen.method == "HEAD":
            return
        ends = [max(at - start, 0) for at in (fault.cut_at, fault.stall_at) if at is not None]
        if ends or fault.length:
            request.close_connection = True
        self._pour(request, seen, fault, body[: min([len(body), *ends])])
        if fault.stall_at is not None:
            seen.held_out = not self._closed.wait(PATIENCE_S)

    def _pour(self, request: BaseHTTPRequestHandler, seen: Seen, fault: Fault, body: bytes) -> None:
        for at in range(0, len(body), fault.piece):
            piece = body[at : at + fault.piece]
            seen.sent += len(piece)  # before it is sent: a client that has it finds it counted
            request.wfile.write(piece)
            if fault.pause_s and self._closed.wait(fault.pause_s):
                break


def _part(
    answer: Answer, headers: Mapping[str, str], fault: Fault
) -> tuple[int, dict[str, str], bytes, int]:
    """What a request gets of a file."""
    tag, modified = answer.tag, answer.modified
    content = fault.change(answer.file.read_bytes() if answer.file else answer.content or b"")
    if answer.file:
        moment = answer.file.stat()
        tag, modified = (
            f'"{len(content)}-{moment.st_mtime_ns}"',
            formatdate(moment.st_mtime, usegmt=True),
        )
    known = {key: value for key, value in (("ETag", tag), ("Last-Modified", modified)) if value}
    fits = fault.ignore_condition or headers.get("if-range") in {None, tag, modified}
    wanted = headers.get("range") if fits and not fault.ignore_range else None
    code, start, stop, told = byte_range(wanted, len(content))
    length = {"Content-Length": str(stop - start + fault.length)}
    return (
        code,
        {"Accept-Ranges": "bytes", **known, **answer.headers, **told, **length},
        content[start:stop],
        start,
    )


def byte_range(header: str | None, size: int) -> tuple[int, int, int, dict[str, str]]:
    """Status, first byte, the one after the last, and the header that tells them, of a request for
    a range of a file.
    """
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not found or not (found[1] or found[2]):
        return 200, 0, size, {}
    start = int(found[1]) if found[1] else max(size - int(found[2]), 0)
    stop = min(int(found[2]) + 1, size) if found[1] and found[2] else size
    if start >= stop:
        return 416, 0, 0, {"Content-Range": f"bytes */{size}"}
    return 206, start, stop, {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(server: LocalServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = (
            True  # head and body are two writes, and the second would wait for 40 ms
        )

        def do_GET(self) -> None:
            server.respond(self)

        do_HEAD = do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def serve(
    make: Callable[[argparse.Namespace], LocalServer], parser: argparse.ArgumentParser
) -> int:
    """Run a server from the command line: its addresses on one line, then patience."""
    parser.add_argument("--seconds", type=float, default=3600, help="ends by itself after so long")
    given = parser.parse_args()
    piped = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with make(given) as server:
        print(json.dumps(server.about()), flush=True)
        until = time.monotonic() + given.seconds
        while not ended.is_set() and time.monotonic() < until:
            ready, _, _ = select.select([sys.stdin] if piped else [], [], [], 0.2)
            if ready and not sys.stdin.buffer.read1(1024):
                break
    return 0
